import { CUSTOMER_ID } from './customer-id.js';
import type { Masked } from './audit-event.js';

const HIDDEN = '***';

/** Neither a control character nor half a surrogate pair: what a mask shows must be text for any database. */
const STORABLE = /^[^\p{Cc}\p{Cs}]$/u;

/** First letter of free text; of very short text nothing, since a letter would be most of it. */
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

/** The last three characters of a number that people tell apart by its end, if more than as many stay hidden. */
export function maskNumber(value: string): string {
  const characters = Array.from(value);
  return characters.length < 7 || !characters.every((character) => STORABLE.test(character))
    ? HIDDEN
    : `${HIDDEN}${characters.slice(-3).join('')}`;
}

/** A `cus_` id in clear, an alias like free text. */
export function maskRef(ref: string): string {
  return CUSTOMER_ID.test(ref) ? ref : maskText(ref);
}

/** Applies a mask to every text of a list or object, by the member's name where there is one. Absent members stay absent. */
export function maskMembers(value: object, maskOf: (name: string) => (text: string) => string): Masked {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
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
