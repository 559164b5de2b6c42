import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FAULT_CODES, type FaultCode } from './problem.js';

/** One fault of a request, with one of `pointer`, `parameter` and `header`. */
@ApiSchema({ name: 'Fault' })
export class FaultSchema {
  /**
   * RFC 6901 pointer to the faulty part of the body, as a URI fragment.
   * @example '#/billing_address/country'
   */
  pointer?: string;

  /** The faulty parameter of the query or the path. */
  parameter?: string;

  /** The faulty header. */
  header?: string;

  /** @example 'not-country' */
  @ApiProperty({ enum: FAULT_CODES, enumName: 'FaultCode' })
  code: FaultCode;

  /** @example 'must be an ISO 3166-1 alpha-2 code in upper case' */
  detail: string;
}
