import { format, inspect } from 'node:util';
import { createLogger } from '../http/logger.js';
import { BillingToken } from './billing-token.js';

const VALUE = 'very-secret-token';

describe('a billing token', () => {
  const tokenOf = (value: string): BillingToken => {
    const token = BillingToken.parse(value);
    if (token === undefined) throw new Error('not a token');
    return token;
  };
  const token = tokenOf(VALUE);

  it('gives its value to who asks for it by name', () => {
    expect(token.reveal()).toBe(VALUE);
  });

  const PRINTED: [string, () => string][] = [
    ['String()', () => String(token)],
    ['a template', () => `Bearer ${String(token)}`],
    ['concatenation', () => ''.concat(String(token))],
    ['join', () => [token].join()],
    ['JSON', () => JSON.stringify(token)],
    ['JSON of an object', () => JSON.stringify({ tenant: { tokens: [token] } })],
    ['inspect', () => inspect(token)],
    [
      'inspect of an object, hidden members and getters too',
      () => inspect({ token }, { showHidden: true, depth: 9, getters: true }),
    ],
    [
      'inspect without the token’s own words',
      () => inspect(token, { customInspect: false, showHidden: true }),
    ],
    ['format', () => format('%s %o %O %j %d', token, token, token, token, token)],
    ['its keys', () => JSON.stringify([Object.entries(token), Reflect.ownKeys(token)])],
    ['a copy', () => JSON.stringify(Object.assign({}, token)) + inspect(Object.assign({}, token))],
    ['a structured clone', () => inspect(structuredClone(token))],
    ['an error', () => new Error(`no: ${String(token)}`, { cause: token }).stack ?? ''],
    ['a locale', () => token.toLocaleString()],
    ['an error, inspected', () => inspect(new Error('no', { cause: { token } }))],
  ];
  it.each(PRINTED)('is not told by %s', (_way, print) => {
    expect(print()).not.toContain(VALUE);
  });

  it.each([
    ['text', () => String(token)],
    ['JSON', (): unknown => JSON.parse(JSON.stringify(token))],
    ['inspection', () => inspect(token)],
  ])('says [redacted] as %s', (_way, print) => {
    expect(print()).toBe('[redacted]');
  });

  it('is not told by a log line, whatever its member is called', () => {
    const lines: string[] = [];
    const logger = createLogger('trace', { write: (line: string) => void lines.push(line) });
    logger.info({ secret: token, nested: { deep: { deeper: [token] } } }, 'with %s and %j', token, token);

    expect(lines).toHaveLength(1);
    expect(lines.join('')).not.toContain(VALUE);
  });

  it.each(['a', '!~', 'a'.repeat(4096), 'pv_live_0123456789.abc-_~+/='])(
    'may be visible ASCII: %p',
    (value) => {
      expect(BillingToken.parse(value)?.reveal()).toBe(value);
    },
  );

  it.each(['', ' ', 'a b', ' a', 'a\n', 'a\r\nX-Injected: 1', 'a\0', '\u007f', 'ä', '😀', 'a'.repeat(4097)])(
    'is nothing else: %p',
    (value) => {
      expect(BillingToken.parse(value)).toBeUndefined();
    },
  );
});
