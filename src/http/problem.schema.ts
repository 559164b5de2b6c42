import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { FaultSchema } from './fault.schema.js';
import { PROBLEMS } from './problem.js';

/** A problem (RFC 9457). It also has the error fields of the billing API, `code` and `message`. */
@ApiSchema({ name: 'Problem' })
export class ProblemSchema {
  /** @example 'urn:billing-bff:problem:validation-failed' */
  @ApiProperty({ enum: Object.keys(PROBLEMS).map((slug) => `urn:billing-bff:problem:${slug}`) })
  type: string;

  /** @example 'The request is not valid' */
  title: string;

  /** @example 400 */
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 })
  status: number;

  /** @example '/billing_address/country must be an ISO 3166-1 alpha-2 code in upper case.' */
  detail: string;

  /** @example 'urn:billing-bff:request:9f0c2d4e-6b1a-4b0e-9d53-0f4f0a1c2b3d' */
  instance: string;

  /**
   * The billing API's own code for errors of this kind.
   * @example 'BAD_REQUEST'
   */
  @ApiProperty({ enum: [...new Set(Object.values(PROBLEMS).map(([, code]) => code))] })
  code: string;

  /** @example '/billing_address/country must be an ISO 3166-1 alpha-2 code in upper case.' */
  message: string;

  /** @example '9f0c2d4e-6b1a-4b0e-9d53-0f4f0a1c2b3d' */
  request_id: string;

  /** Only for a patch that passed the checks: the id of the operation. */
  operation_id?: string;

  /**
   * The outcome of the patch. `applied` and `unchanged` only if an answer is repeated and the customer cannot be read.
   * @example 'not_applied'
   */
  @ApiProperty({
    enum: ['applied', 'unchanged', 'rejected', 'not_applied', 'unknown', 'unverifiable'],
    required: false,
  })
  outcome?: string;

  /** The faults of the request, at most 100. */
  errors?: FaultSchema[];

  /** True if there are more faults than in `errors`. */
  errors_truncated?: boolean;
}
