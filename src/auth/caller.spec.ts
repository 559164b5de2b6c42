import type { ClaimPath } from '../config/claim-path.js';
import { parseClaimPath } from '../config/claim-path.js';
import { callerFromClaims } from './caller.js';

const GOOD = { sub: 'user-1', client_id: 'web', tenant_id: 'acme', scope: 'customers:read' };
const DEFAULTS = { scope: ['scope', 'scp'], prefix: '', tenant: 'tenant_id' };

function read(claims: object, settings: Partial<typeof DEFAULTS> = {}): unknown {
  const { scope, prefix, tenant } = { ...DEFAULTS, ...settings };
  return callerFromClaims(
    { ...GOOD, ...claims },
    { scopeClaims: scope.map(path), scopePrefix: prefix, tenantClaim: path(tenant) },
  );
}

function path(text: string): ClaimPath {
  const parsed = parseClaimPath(text);
  if (parsed === undefined) throw new Error(`${text} is no path`);
  return parsed;
}

it('reads what a token says of its caller', () => {
  expect(read({})).toEqual({
    type: 'user',
    sub: 'user-1',
    clientId: 'web',
    scopes: ['customers:read'],
    act: [],
    tenantId: 'acme',
    tenantFault: null,
  });
});

describe('scopes', () => {
  it.each<[string, object, Partial<typeof DEFAULTS>, string[]]>([
    ['text with spaces', { scope: 'a b' }, {}, ['a', 'b']],
    ['a list', { scope: ['a', 'b'] }, {}, ['a', 'b']],
    ['text in scp', { scope: undefined, scp: 'a b' }, {}, ['a', 'b']],
    ['the union of both claims, each once', { scope: 'a b', scp: ['b', 'c'] }, {}, ['a', 'b', 'c']],
    ['other claims', { permissions: ['a'], scope: 'b' }, { scope: ['permissions'] }, ['a']],
    ['a claim inside others', { r: { x: { roles: ['a'] } } }, { scope: ['/r/x/roles'] }, ['a']],
    ['a prefix, taken off once', { scope: 'p/a p/p/b c' }, { prefix: 'p/' }, ['a', 'p/b', 'c']],
    ['nothing but a prefix', { scope: 'p/ a' }, { prefix: 'p/' }, ['a']],
    ['items that are no scopes', { scope: [1, null, ['a'], { a: 1 }, 'a b', '', 'c'] }, {}, ['c']],
    ['an object', { scope: { a: true } }, {}, []],
    ['a number', { scope: 7 }, {}, []],
    ['nothing', { scope: undefined }, {}, []],
    ['a member of every object', {}, { scope: ['constructor', '/__proto__/a', '/scope/length'] }, []],
  ])('%s', (_, claims, settings, scopes) => {
    expect(read(claims, settings)).toMatchObject({ scopes });
  });

  it('keeps those that grant something, however many others there are', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => `other:${index}`);
    const caller = read({ scope: [...many, 'customers:write'] });
    expect(caller).toMatchObject({ scopes: ['customers:write', ...many.slice(0, 99)] });
  });
});

describe('client and subject', () => {
  it.each<[string, object, object | string]>([
    ['client_id first', { client_id: 'a', azp: 'b', appid: 'c', cid: 'd' }, { clientId: 'a' }],
    ['then azp', { client_id: undefined, azp: 'b', appid: 'c', cid: 'd' }, { clientId: 'b' }],
    ['then appid', { client_id: undefined, appid: 'c', cid: 'd' }, { clientId: 'c' }],
    ['then cid', { client_id: undefined, cid: 'd' }, { clientId: 'd' }],
    ['no client', { client_id: undefined }, { clientId: null, sub: 'user-1', type: 'user' }],
    ['no subject', { sub: undefined, client_id: 'svc' }, { sub: 'svc', clientId: 'svc', type: 'service' }],
    ['neither', { sub: undefined, client_id: undefined }, 'missing'],
    ['neither that can be used', { sub: undefined, client_id: 7 }, 'missing'],
    ['a subject that cannot be used', { sub: null }, 'not usable'],
    ['a subject of 255 characters', { sub: 'x'.repeat(255) }, { sub: 'x'.repeat(255) }],
    ['a subject of 2,000 characters', { sub: 'x'.repeat(2_000) }, 'not usable'],
  ])('%s', (_, claims, expected) => {
    const caller = read(claims);
    if (typeof expected === 'string') expect(caller).toBe(expected);
    else expect(caller).toMatchObject(expected);
  });

  it.each<[string, object, string]>([
    ['the client is the subject', { sub: 'web' }, 'service'],
    ['the client is the subject, in cid', { sub: 'x', client_id: undefined, cid: 'x' }, 'service'],
    ['gty', { gty: 'client-credentials' }, 'service'],
    ['another gty', { gty: 'password' }, 'user'],
    ['idtyp', { idtyp: 'app' }, 'service'],
    ['another idtyp', { idtyp: 'user' }, 'user'],
    ['a subject in @clients', { sub: 'AbC@clients' }, 'service'],
    ['a service account', { preferred_username: 'service-account-job' }, 'service'],
    ['another name', { preferred_username: 'my-service-account-job' }, 'user'],
    ['signs of the wrong type', { gty: ['client-credentials'], idtyp: {}, preferred_username: 1 }, 'user'],
  ])('%s', (_, claims, type) => {
    expect(read(claims)).toMatchObject({ type });
  });
});

describe('the tenant', () => {
  it.each<[string, object, string]>([
    ['text', { tenant_id: 'acme' }, 'acme'],
    ['a whole number', { tenant_id: 42 }, '42'],
    ['zero', { tenant_id: 0 }, '0'],
    ['a list of one', { tenant_id: ['acme'] }, 'acme'],
    ['a list of one number', { tenant_id: [42] }, '42'],
  ])('%s', (_, claims, tenantId) => {
    expect(read(claims)).toMatchObject({ tenantId, tenantFault: null });
  });

  it.each<[string, object, string]>([
    ['missing', { tenant_id: undefined }, 'is missing'],
    ['null', { tenant_id: null }, 'is null'],
    ['empty', { tenant_id: '' }, 'is empty'],
    ['too long', { tenant_id: 'x'.repeat(256) }, 'is not readable text of at most 255 characters'],
    ['an empty list', { tenant_id: [] }, 'is a list of 0, not of one'],
    ['two', { tenant_id: ['acme', 'globex'] }, 'is a list of 2, not of one'],
    ['the same twice', { tenant_id: ['acme', 'acme'] }, 'is a list of 2, not of one'],
    ['a list in a list', { tenant_id: [['acme']] }, 'is a list in a list'],
    ['a fraction', { tenant_id: 1.5 }, 'is not a whole number below 2^53'],
    ['a number that was rounded', { tenant_id: 2 ** 53 }, 'is not a whole number below 2^53'],
    ['an object', { tenant_id: { id: 'acme' } }, 'is of type object'],
    ['true', { tenant_id: true }, 'is of type boolean'],
  ])('not: %s', (_, claims, fault) => {
    expect(read(claims)).toMatchObject({ tenantId: null, tenantFault: `tenant_id ${fault}` });
  });

  it.each<[string, string, object, string | null]>([
    ['a member', '/ext/tenant_id', { ext: { tenant_id: 'acme' } }, 'acme'],
    ['an item', '/orgs/1/id', { orgs: [{}, { id: 'acme' }] }, 'acme'],
    ['escapes', '/a~1b/c~0d', { 'a/b': { 'c~d': 'acme' } }, 'acme'],
    ['an empty name', '/', { '': 'acme' }, 'acme'],
    ['a name with slashes, which is no pointer', 'https://x.test/t', { 'https://x.test/t': 'acme' }, 'acme'],
    ['nothing there', '/ext/tenant_id', {}, null],
    ['through text', '/ext/tenant_id', { ext: 'tenant_id' }, null],
    ['through null', '/ext/tenant_id', { ext: null }, null],
    ['no index', '/orgs/01', { orgs: ['a', 'acme'] }, null],
    ['the end of a list', '/orgs/-', { orgs: ['acme'] }, null],
    ['a member of every list', '/orgs/length', { orgs: ['acme'] }, null],
    ['a member of every object', '/constructor/name', {}, null],
    ['its prototype', '/__proto__/x', { a: { x: 'acme' } }, null],
    ['a claim of that name', '/__proto__/x', { ['__proto__']: { x: 'acme' } }, 'acme'],
  ])('by pointer: %s', (_, tenant, claims, tenantId) => {
    const caller = callerFromClaims(
      Object.defineProperties({ sub: 'x' }, Object.getOwnPropertyDescriptors(claims)),
      {
        scopeClaims: [],
        scopePrefix: '',
        tenantClaim: path(tenant),
      },
    );
    expect(caller).toMatchObject({ tenantId });
  });
});

describe('act', () => {
  const chain = (depth: number): object =>
    depth === 0 ? { sub: 'agent-0' } : { sub: `agent-${depth}`, act: chain(depth - 1) };

  it.each<[string, unknown, object[]]>([
    ['one', { sub: 'agent', client_id: 'bot' }, [{ sub: 'agent', clientId: 'bot' }]],
    ['by its client alone', { azp: 'bot' }, [{ sub: 'bot', clientId: 'bot' }]],
    ['with no usable name', { sub: 7 }, [{ sub: null, clientId: null }]],
    [
      'five at most, the nearest first',
      chain(3_000),
      [3_000, 2_999, 2_998, 2_997, 2_996].map((depth) => ({ sub: `agent-${depth}`, clientId: null })),
    ],
    ['text', 'agent', []],
    ['null', null, []],
    ['a list', [{ sub: 'agent' }], []],
    ['up to what is no party', { sub: 'a', act: [{ sub: 'b' }] }, [{ sub: 'a', clientId: null }]],
  ])('%s', (_, act, expected) => {
    expect(read({ act })).toMatchObject({ act: expected });
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
    expect(read({ sub: text })).toBe('not usable');
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
