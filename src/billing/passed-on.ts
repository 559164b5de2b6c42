import { ExactNumber } from '../http/exact-json.js';

/** Nesting levels of an undocumented field. Deeper values are left out, because they can't be serialised. */
const MAX_DEPTH = 64;

/**
 * An answer as it is passed on: documented fields as read, all others unchanged.
 * @param answered an object or list of parsed JSON
 * @param read the documented part of it
 */
export function passedOn(answered: object, read: object): object {
  const documented: Readonly<Record<string, unknown>> = { ...read };
  const entries: [string, unknown][] = Object.entries(answered);
  const members: [string, unknown][] = [];
  for (const [name, member] of entries) {
    if (Object.hasOwn(documented, name)) members.push([name, merged(member, documented[name])]);
    else if (isWritable(member, MAX_DEPTH)) members.push([name, member]);
  }
  // A key `__proto__` becomes an ordinary field.
  return Array.isArray(answered) ? members.map(([, member]) => member) : Object.fromEntries(members);
}

function merged(answered: unknown, read: unknown): unknown {
  return isObject(answered) && isObject(read) ? passedOn(answered, read) : read;
}

function isWritable(member: unknown, levels: number): boolean {
  if (!isObject(member)) return true;
  return levels > 0 && Object.values(member).every((value) => isWritable(value, levels - 1));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}
