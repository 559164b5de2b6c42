import type { FaultCode } from './problem.js';
import { fault, inTurn, type Rule } from './rules.js';

/** The pattern of plain text for OpenAPI. Lone surrogates are not in it, because our JSON never has one. */
export const PLAIN_TEXT = '^[^\\u0000-\\u001F\\u007F-\\u009F\\u2028-\\u202E]*$';

/**
 * Plain text of `min` to `max` characters (code points): well-formed, without control characters, line breaks, and
 * without characters that change the direction of text (U+202A to U+202E), which make it look like other text.
 */
export function text(min: number, max: number): Rule {
  const tooLong = fault('too-long', `may have at most ${max} characters`);
  return inTurn(
    (value) => {
      if (typeof value !== 'string') return fault('not-text', 'must be text');
      // A character has at most two code units: text with more than that is not checked any further.
      return value.length > 2 * max ? tooLong : [];
    },
    without(/\p{Cs}/u, 'lone-surrogate', 'must be well-formed Unicode'),
    without(
      /[\p{Cc}\u2028\u2029]/u,
      'control-character',
      'may not contain control characters or line breaks',
    ),
    without(/[\u202A-\u202E]/u, 'bidi-control', 'may not contain bidirectional overrides or embeddings'),
    textThat(
      (value) => lengthOf(value) >= min,
      'too-short',
      `must have at least ${min} character${min === 1 ? '' : 's'}`,
    ),
    (value) => (typeof value === 'string' && lengthOf(value) <= max ? [] : tooLong),
  );
}

/** The pattern for OpenAPI: white space and characters that are never shown are not visible. */
export const VISIBLE_TEXT =
  '^(?=[\\s\\S]*[^\\s\\p{Default_Ignorable_Code_Point}])[^\\u0000-\\u001F\\u007F-\\u009F\\u2028-\\u202E]*$';

/** Plain text of 1 to `max` characters, at least one of them visible. */
export function visibleText(max: number): Rule {
  return inTurn(
    text(1, max),
    textThat(
      (value) => /[^\s\p{Default_Ignorable_Code_Point}]/u.test(value),
      'blank',
      'must have at least one visible character',
    ),
  );
}

/** Refuses invisible characters: two texts that look equal must be equal. */
export const noInvisible = without(
  /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u,
  'invisible-character',
  'may not contain invisible characters',
);

/** Text that also passes `accepts`. */
export function textThat(accepts: (value: string) => boolean, code: FaultCode, detail: string): Rule {
  return (value) => (typeof value === 'string' && accepts(value) ? [] : fault(code, detail));
}

/**
 * Text in which no character matches. The fault has the first matching character and its position in code points,
 * from 1.
 * @param refused matches one character; has the flag u, and not g
 */
export function without(refused: RegExp, code: FaultCode, detail: string): Rule {
  return (value) => {
    if (typeof value !== 'string') return fault(code, detail);
    const found = refused.exec(value);
    if (found === null) return [];
    const number = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return fault(code, `${detail}: U+${number} at position ${lengthOf(value.slice(0, found.index)) + 1}`);
  };
}

/** Length in code points. */
function lengthOf(value: string): number {
  return SURROGATE.test(value) ? Array.from(value).length : value.length;
}

const SURROGATE = /[\uD800-\uDFFF]/;
