import { ApiProperty } from '@nestjs/swagger';
import { type Change, OUTCOMES } from '../audit/audit-event.js';
import { ChangeSchema } from '../audit/audit-event.schema.js';

/** The customer of an operation. */
export class OperationCustomer {
  /** As in the URL; masked, unless it is a `cus_` id. */
  ref: string;

  customer_id: string | null;
}

/** The status of a patch. */
export class Operation {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ enum: OUTCOMES.filter((outcome) => outcome !== 'refused') })
  status: string;

  /** Whether the status can no longer change. */
  final: boolean;

  customer: OperationCustomer;

  @ApiProperty({ type: [ChangeSchema] })
  changes: readonly Change[];

  /** How often the BFF tried to send it. */
  attempts: number;

  @ApiProperty({ format: 'date-time' })
  started_at: string;

  /** Null until the status is final. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  ended_at: string | null;
}
