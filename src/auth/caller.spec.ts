import { callerFromClaims } from './caller.js';

const GOOD = { sub: 'user-1', client_id: 'web', tenant_id: 'acme', scope: 'customers:read' };
const read = (claims: object): unknown => callerFromClaims({ ...GOOD, ...claims }, 'tenant_id');

it('reads what a token says of its caller', () => {
  expect(read({})).toEqual({
    type: 'user',
    sub: 'user-1',
    clientId: 'web',
    scopes: ['customers:read'],
    tenantId: 'acme',
  });
});

describe.each([
  ['a bidirectional override', '\u202e'],
  ['a bidirectional embedding', '\u202a'],
  ['a bidirectional isolate', '\u2067'],
  ['a right-to-left mark', '\u200f'],
  ['a zero-width joiner', '\u200d'],
  ['a byte order mark', '\ufeff'],
  ['a soft hyphen', '\u00ad'],
  ['a combining grapheme joiner', '\u034f'],
  ['a Hangul filler', '\u3164'],
  ['a variation selector', '\ufe0f'],
  ['a tag character', '\u{e0041}'],
  ['a line separator', '\u2028'],
  ['a control character', '\u0085'],
  ['a lone surrogate', '\ud800'],
])('text with %s is not believed', (_, character) => {
  const text = `admin${character}1`;
  it('as sub', () => {
    expect(read({ sub: text })).toBeUndefined();
  });
  it('as client', () => {
    expect(read({ client_id: text, azp: text })).toMatchObject({ clientId: null });
  });
  it('as tenant', () => {
    expect(read({ tenant_id: text })).toMatchObject({ tenantId: null });
  });
});

it('takes letters of any script, accents and spaces', () => {
  for (const text of ['Zoë Ñandú', 'мария', 'أحمد', '田中', 'e\u0301']) {
    expect(read({ sub: text })).toMatchObject({ sub: text });
  }
});
