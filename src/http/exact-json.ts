/** A JSON number that a JavaScript number would write differently: `1.10`, `1e400`, `12345678901234567890`, `-0`. */
export class ExactNumber {
  /** @param text as it was received */
  constructor(readonly text: string) {}

  /** The nearest 64-bit float. */
  valueOf(): number {
    return Number(this.text);
  }

  /** `JSON.stringify` can't write the text (`JSON.rawJSON` is not in Node.js 20), so `writeJson` does. */
  toJSON(): string {
    return MARK;
  }
}

/** Only tells `writeJson` to look for exact numbers. A string with it costs time and changes nothing. */
const MARK = 'ExactNumber';

/**
 * Like `JSON.parse`, but nothing is lost: a number that would be written differently becomes an `ExactNumber`. Half of a
 * surrogate pair becomes U+FFFD: it is not a character, so it can be neither stored nor passed on. Of fields with the
 * same name the last counts; `__proto__` is an ordinary field.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return SURROGATE.test(text) || losesNumbers(text) ? parseTokens(text) : parsed;
}

/** Like `JSON.stringify`, with exact numbers as they were received. */
export function writeJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes(MARK) ? (exactText(value) ?? text) : text;
}

const SURROGATE = /\\u[dD][89a-fA-F]/;

/** A number, or what looks like one inside a string: then the text is parsed with more care than it needs. */
const NUMBER = /(?:^|[[,:])[ \t\n\r]*(-?\d[\d.eE+-]*)(?=[ \t\n\r,\]}]|$)/g;

function losesNumbers(text: string): boolean {
  for (const [, number = ''] of text.matchAll(NUMBER)) if (!isExact(number)) return true;
  return false;
}

function isExact(number: string): boolean {
  return String(Number(number)) === number;
}

/** Of valid JSON: strings, brackets, and what stands between them without white space. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|[^\s"[\]{},:]+/g;

type Container = unknown[] | Record<string, unknown>;

/**
 * Not recursive: the text may be nested more deeply than the stack allows.
 * @param text valid JSON
 */
function parseTokens(text: string): unknown {
  const root: unknown[] = [];
  const outer: Container[] = [];
  let container: Container = root;
  /** Of the next field, once it is read. */
  let name: string | undefined;
  for (const token of text.match(TOKEN) ?? []) {
    if (token === ']' || token === '}') {
      container = outer.pop() ?? root;
      continue;
    }
    if (name === undefined && !Array.isArray(container)) {
      name = stringOf(token);
      continue;
    }
    const inner: Container | undefined = token === '[' ? [] : token === '{' ? {} : undefined;
    const value = inner ?? scalarOf(token);
    if (Array.isArray(container)) container.push(value);
    else addField(container, name ?? '', value);
    name = undefined;
    if (inner === undefined) continue;
    outer.push(container);
    container = inner;
  }
  return root[0];
}

/** An assignment to `__proto__` would change the object's prototype. */
function addField(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') fields[name] = value;
  else Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true });
}

function scalarOf(token: string): unknown {
  if (token.startsWith('"')) return stringOf(token);
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  return isExact(token) ? Number(token) : new ExactNumber(token);
}

function stringOf(token: string): string {
  return String(JSON.parse(token)).toWellFormed();
}

/** Undefined for what JSON does not have, like `JSON.stringify`. */
function exactText(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text;
  if (!isObject(value)) return JSON.stringify(value);
  if (writesItself(value)) return exactText(value.toJSON());
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${exactText(item) ?? 'null'}`;
    return `[${text}]`;
  }
  for (const [name, field] of Object.entries(value)) {
    const fieldText = exactText(field);
    if (fieldText !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${fieldText}`;
  }
  return `{${text}}`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function writesItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
