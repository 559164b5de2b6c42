import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { Satisfies } from '../http/rules.js';
import { textThat } from '../http/text-rules.js';

/** A token for the billing API. */
@ApiSchema({ name: 'PutToken' })
export class PutTokenDto {
  /** 1 to 4,096 visible ASCII characters. Stored encrypted and never shown again. */
  @Satisfies(
    textThat(
      (value) => /^[\x21-\x7e]{1,4096}$/.test(value),
      'not-token',
      'must have 1 to 4,096 visible ASCII characters',
    ),
  )
  @ApiProperty({ minLength: 1, maxLength: 4_096, pattern: '^[\\x21-\\x7e]+$', format: 'password' })
  token: string;
}
