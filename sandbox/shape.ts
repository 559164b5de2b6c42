/**
 * Readers for external JSON: each gets an unknown value and its place, and returns a typed value or throws a
 * `ShapeFault`. The texts are those of a typed server's deserializer, because the billing API's stand-in answers with
 * them (U10).
 */
export type Read<T> = (value: unknown, at: string) => T;

export class ShapeFault extends Error {}

export const text: Read<string> = (value, at) =>
  typeof value === 'string' ? value : refuse(value, at, 'a string');

export const flag: Read<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : refuse(value, at, 'a boolean');

export const number: Read<number> = (value, at) =>
  typeof value === 'number' ? value : refuse(value, at, 'a number');

/** A JSON object, as a record whose fields are not read yet. */
export const members: Read<Record<string, unknown>> = (value, at) =>
  isRecord(value) ? value : refuse(value, at, 'a map');

export function listOf<T>(read: Read<T>): Read<T[]> {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((item: unknown, index) => read(item, `${at}[${index}]`))
      : refuse(value, at, 'a sequence');
}

/** `null` means absent, exactly like a missing field (U1). */
export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, at) => (value === undefined || value === null ? undefined : read(value, at));
}

/** One of a fixed set of words. */
export function oneOf<const T extends string>(words: readonly T[]): Read<T> {
  return (value, at) => {
    const word = words.find((candidate) => candidate === text(value, at));
    if (word === undefined) throw new ShapeFault(`${at}: unknown variant ${JSON.stringify(value)}`);
    return word;
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(value: unknown, at: string, expected: string): never {
  if (value === undefined) throw new ShapeFault(`missing field \`${at}\``);
  throw new ShapeFault(`${at}: invalid type: ${describe(value)}, expected ${expected}`);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `string ${JSON.stringify(value)}`;
  if (typeof value === 'boolean') return `boolean \`${String(value)}\``;
  if (typeof value === 'number')
    return `${Number.isInteger(value) ? 'integer' : 'floating point'} \`${value}\``;
  return Array.isArray(value) ? 'sequence' : 'map';
}
