import { inTurn, type Rule } from '../../http/rules.js';
import { noInvisible, text, textThat, without } from '../../http/text-rules.js';

/** Rules for a reference in the path (U8). They also apply to aliases, so every alias can be addressed. */
export const addressable: Rule = inTurn(
  text(1, 255),
  without(/[\s/\\]/u, 'not-addressable', 'may not contain white space, slashes or backslashes'),
  noInvisible,
  textThat((value) => value !== '.' && value !== '..', 'not-addressable', 'may not be . or ..'),
);

/** Rules for an alias: `cus_` at the beginning is reserved for ids. */
export const alias: Rule = inTurn(
  addressable,
  textThat(
    (value) => !value.startsWith('cus_'),
    'not-addressable',
    'may not begin with cus_: it would be read as an id',
  ),
);

const CHARACTERS = '[^\\s/\\\\\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}]+';

/**
 * The pattern in OpenAPI. For a parameter it is weaker: Swagger UI checks parameters without the flag u, which \p
 * needs.
 */
export const ADDRESSABLE_PATTERN = '^(?!\\.{1,2}$)[^\\s/\\\\]+$';
export const ALIAS_PATTERN = `^(?!cus_)(?!\\.{1,2}$)${CHARACTERS}$`;
