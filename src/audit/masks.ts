import type { Masked } from './audit-event.js';
import { CUSTOMER_ID } from './customer-id.js';

const HIDDEN = '***';

/** Neither a control character nor half of a surrogate pair: every database must be able to store a mask. */
const STORABLE = /^[^\p{Cc}\p{Cs}]$/u;

/** The first letter of free text. Very short text is hidden completely, because a letter would be most of it. */
export function maskText(value: string): string {
  const [first = '', ...rest] = Array.from(value);
  return rest.length < 2 || !STORABLE.test(first) ? HIDDEN : `${first}${HIDDEN}`;
}

/** `anna@acme.test` → `a***@acme.test`. */
export function maskEmail(value: string): string {
  const at = value.lastIndexOf('@');
  return at < 1 || !/^[\x21-\x7e]+$/.test(value.slice(at))
    ? maskText(value)
    : `${maskText(value.slice(0, at))}${value.slice(at)}`;
}

/** The last three characters of a number, if more than three stay hidden. */
export function maskNumber(value: string): string {
  const characters = Array.from(value);
  return characters.length < 7 || !characters.every((character) => STORABLE.test(character))
    ? HIDDEN
    : `${HIDDEN}${characters.slice(-3).join('')}`;
}

/** A `cus_` id is shown; an alias is masked like free text. */
export function maskRef(ref: string): string {
  return CUSTOMER_ID.test(ref) ? ref : maskText(ref);
}

/**
 * Applies a mask to every text of an object, chosen by the name of the field. Absent fields stay absent. The fields are
 * in canonical order: then the canonical form of their event costs half.
 */
export function maskMembers(value: object, maskOf: (name: string) => (text: string) => string): Masked {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const entries = members.map(([name, member]: [string, unknown]) => {
    if (typeof member === 'string') return [name, maskOf(name)(member)] as const;
    if (typeof member === 'boolean') return [name, member] as const;
    return [
      name,
      typeof member === 'object' && member !== null ? maskMembers(member, maskOf) : null,
    ] as const;
  });
  return Object.fromEntries(entries);
}
