import fc from 'fast-check';
import { refusalMessage } from './refusal-message.js';

const token = fc
  .array(
    fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~+/=')),
    {
      minLength: 12,
      maxLength: 60,
    },
  )
  .map((characters) => characters.join(''));

/** What a careless or clever server makes of a token; each gives what must not be in the message. */
const DISGUISES: Record<string, (secret: string) => string> = {
  'as it is': (secret) => secret,
  'in capitals': (secret) => secret.toUpperCase(),
  'in lower case': (secret) => secret.toLowerCase(),
  'spaced out': (secret) => Array.from(secret).join(' '),
  'spaced out in capitals': (secret) => Array.from(secret.toUpperCase()).join(' \t'),
  'a line a character': (secret) => Array.from(secret).join('\n'),
  'with zero width spaces': (secret) => Array.from(secret).join('\u200b'),
  'in wide letters': (secret) =>
    secret.replace(/[!-~]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  'base64 with a scheme before': (secret) => Buffer.from(`Bearer ${secret}`).toString('base64'),
  'base64 of a pair': (secret) => Buffer.from(`u:${secret}`).toString('base64'),
  'base64, spaced out': (secret) => Array.from(Buffer.from(secret).toString('base64')).join(' '),
  hexadecimal: (secret) => Buffer.from(secret).toString('hex'),
  'hexadecimal with colons': (secret) => Buffer.from(secret).toString('hex').replace(/(..)/g, '$1:'),
  'per cent, where needed': (secret) => encodeURIComponent(secret),
  'per cent everywhere': (secret) => Buffer.from(secret).toString('hex').replace(/(..)/g, '%$1'),
};

describe('the message of a refusal', () => {
  it.each(Object.entries(DISGUISES))('holds no token: %s', (_what, disguise) => {
    fc.assert(
      fc.property(token, (secret) => {
        const shown = disguise(secret);
        const message = refusalMessage({ message: `bad credential <${shown}>, sorry` }, secret) ?? '';
        expect(message).toMatch(/^bad credential <.*>, sorry$/s);
        // What is left of it, if anything, is shorter than what would tell eight characters.
        const rest = message.slice('bad credential <'.length, -'>, sorry'.length).split('[redacted]');
        expect(rest.length).toBeGreaterThan(1);
        for (const part of rest) expect(part.replace(/[\s\u200b:%]/g, '').length).toBeLessThan(14);
      }),
    );
  });

  it('holds no eight characters of it, wherever they are from', () => {
    fc.assert(
      fc.property(token, fc.nat(), (secret, at) => {
        const start = at % (secret.length - 7);
        const part = secret.slice(start, start + 8);
        expect(refusalMessage({ message: `|${part}|` }, secret)).not.toContain(part);
      }),
    );
  });

  it('of other words stays as it is', () => {
    const message = 'The alias »acme« is taken: choose another one (ref 7f3a-22).';
    expect(refusalMessage({ message }, 'Zk81-xQ99-token-of-acme')).toBe(message);
  });

  it('is looked at only as far as it can be shown, however long it is', () => {
    const secret = 'x9'.repeat(2_048);
    expect(refusalMessage({ message: 'b '.repeat(500_000) }, secret)).toBe('b '.repeat(250).trim());
  });

  it.each(['', 'abc', '----'])('is not lost to a token that is short: %j', (secret) => {
    expect(refusalMessage({ message: 'A plain word.' }, secret)).toBe('A plain word.');
  });
});
