import type { AuditedRequest } from '../audit/audit-event.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import type { PatchConditions } from './patch-conditions.js';

/** A patch as a caller wants it. */
export interface PatchCommand extends PatchConditions {
  readonly request: AuditedRequest;
  /** Id or alias. */
  readonly customerRef: string;
  readonly patch: PatchCustomerDto;
  /** When everything has to be over, by the monotonic clock. */
  readonly deadline: number;
}
