/**
 * The canonical form of a JSON value (RFC 8785): fields in the order of their names' UTF-16 code units, no white
 * space. Undefined for a value that is not JSON, like `JSON.stringify`.
 * @throws RangeError for a number that is not finite
 */
export function canonicalize(value: unknown): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('not a JSON number');
  if (!isObject(value) || isInOrder(value)) return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return `[${items.map((item) => canonicalize(item) ?? 'null').join(',')}]`;
  }
  if (writesItself(value)) return canonicalize(value.toJSON());
  let text = '';
  for (const name of Object.keys(value).sort()) {
    const canonical: string | undefined = canonicalize(value[name]);
    if (canonical !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonical}`;
  }
  return `{${text}}`;
}

/** Whether `JSON.stringify` writes the canonical form. It takes half the time, so events are built in order. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (!isObject(value)) return true;
  if (Array.isArray(value)) return value.every((item) => isInOrder(item));
  if (writesItself(value)) return false;
  let previous = '';
  for (const name in value) {
    if (name < previous || !isInOrder(value[name])) return false;
    previous = name;
  }
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function writesItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
