import { ApiProperty } from '@nestjs/swagger';
import { validateQuery } from '../http/dto-validation.js';
import { refuseFaults } from '../http/problem.js';
import { MayBeAbsent, Satisfies } from '../http/rules.js';
import { textThat } from '../http/text-rules.js';

/** Whether a change may retire the tokens of a tenant. */
export class RetireTokensQuery {
  /** `true`: another origin in `billing_api_url` retires the tenant's tokens. Otherwise such a change is refused. */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => value === 'true' || value === 'false', 'not-boolean', 'must be true or false'),
  )
  @ApiProperty({ type: Boolean, default: false })
  retire_tokens?: string;
}

/** @throws Problem validation-failed */
export function mayRetireTokens(parameters: object): boolean {
  const { dto, faults } = validateQuery(RetireTokensQuery, parameters);
  refuseFaults(faults);
  return dto.retire_tokens === 'true';
}
