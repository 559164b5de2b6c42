import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { MayBeAbsent, Satisfies } from './rules.js';
import { textThat } from './text-rules.js';

/** An optional query parameter: a whole number from `minimum` to `maximum`. */
export function WholeNumber(minimum: number, maximum: number, standard: number): PropertyDecorator {
  const digits = new RegExp(`^[0-9]{1,${String(maximum).length}}$`);
  return applyDecorators(
    MayBeAbsent(),
    Satisfies(
      textThat(
        (value) => digits.test(value) && Number(value) >= minimum && Number(value) <= maximum,
        'out-of-range',
        `must be a whole number from ${minimum} to ${maximum}`,
      ),
    ),
    ApiProperty({ type: 'integer', minimum, maximum, default: standard }),
  );
}
