import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FAULT_CODES, type FaultCode } from './problem.js';

/** One fault of a request. It has exactly one of `pointer`, `parameter` and `header`. */
@ApiSchema({ name: 'Fault' })
export class FaultSchema {
  /**
   * RFC 6901 pointer to the invalid part of the body, as a URI fragment.
   * @example '#/billing_address/country'
   */
  pointer?: string;

  /** Name of the invalid query or path parameter. */
  parameter?: string;

  /** Name of the invalid header. */
  header?: string;

  /** @example 'not-country' */
  @ApiProperty({ enum: FAULT_CODES, enumName: 'FaultCode' })
  code: FaultCode;

  /** @example 'must be an ISO 3166-1 alpha-2 code in upper case' */
  detail: string;
}
