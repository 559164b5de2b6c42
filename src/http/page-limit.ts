import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { MayBeAbsent, Satisfies } from './rules.js';
import { textThat } from './text-rules.js';

/** Entries a page, unless told. */
export const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** How many entries a page has: 1 to 200. */
export function PageLimit(): PropertyDecorator {
  return applyDecorators(
    MayBeAbsent(),
    Satisfies(
      textThat(
        (value) => /^[0-9]{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_LIMIT,
        'out-of-range',
        `must be a whole number from 1 to ${MAX_LIMIT}`,
      ),
    ),
    ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  );
}
