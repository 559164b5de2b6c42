import { inTurn, type Rule } from '../../http/rules.js';
import { noInvisible, text, textThat, without } from '../../http/text-rules.js';

/** What can stand for a customer in a path (U8): what is set as an alias can be addressed, and the other way round. */
export const addressable: Rule = inTurn(
  text(1, 255),
  without(/[\s/\\]/u, 'not-addressable', 'may not contain white space, slashes or backslashes'),
  noInvisible,
  textThat((value) => value !== '.' && value !== '..', 'not-addressable', 'may not be . or ..'),
);

/** The same of an alias: what begins with `cus_` is for ids. */
export const alias: Rule = inTurn(
  addressable,
  textThat(
    (value) => !value.startsWith('cus_'),
    'not-addressable',
    'may not begin with cus_: it would be read as an id',
  ),
);

const CHARACTERS = '[^\\s/\\\\\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}]+';

/** As OpenAPI says it. Of a parameter it says less: Swagger UI checks those without the flag u, which \p needs. */
export const ADDRESSABLE_PATTERN = '^(?!\\.{1,2}$)[^\\s/\\\\]+$';
export const ALIAS_PATTERN = `^(?!cus_)(?!\\.{1,2}$)${CHARACTERS}$`;
