import type { JWTPayload } from 'jose';
import { ACME_TOKEN, GLOBEX_TOKEN, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const PATCH = { name: 'Acme AG' };
const ANY = 'customers:write tenants:any';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.stop());
beforeEach(() => {
  bff.upstream.requests.length = 0;
});

describe('the tenant whose token is sent', () => {
  it.each<[string, JWTPayload, Record<string, string>, string]>([
    ['the one of the token', {}, {}, ACME_TOKEN],
    ['the one of the token, named again', {}, { 'X-Tenant-Id': 'acme' }, ACME_TOKEN],
    ['the only one of a list', { tenant_id: ['globex'] }, {}, GLOBEX_TOKEN],
    ['another one of another token', { tenant_id: 'globex' }, {}, GLOBEX_TOKEN],
    ['switched with tenants:any', { scope: ANY }, { 'X-Tenant-Id': 'globex' }, GLOBEX_TOKEN],
    ['the token’s own with tenants:any and no header', { scope: ANY }, {}, ACME_TOKEN],
    [
      'named by a service without tenant of its own',
      { scope: ANY, tenant_id: undefined },
      { 'X-Tenant-Id': 'globex' },
      GLOBEX_TOKEN,
    ],
    [
      'named by a service whose tenant claim is unusable',
      { scope: ANY, tenant_id: ['acme', 'globex'] },
      { 'X-Tenant-Id': 'globex' },
      GLOBEX_TOKEN,
    ],
    [
      'switched with tenants:any in scp',
      { scope: undefined, scp: ['customers:write', 'tenants:any'] },
      { 'X-Tenant-Id': 'globex' },
      GLOBEX_TOKEN,
    ],
  ])('%s', async (_, claims, headers, token) => {
    const answer = await patch(claims, headers);
    expect(answer.status).toBe(200);
    const sent = bff.upstream.requests.map(({ method, headers: had }) => [method, had.authorization]);
    expect(sent).toEqual(['GET', 'PATCH'].map((method) => [method, `Bearer ${token}`]));
    for (const { headers: had } of bff.upstream.requests) expect(had).not.toHaveProperty('x-tenant-id');
  });
});

describe('refused with 403, nothing sent', () => {
  it.each<[string, JWTPayload, Record<string, string>, string]>([
    ['switched by header alone', {}, { 'X-Tenant-Id': 'globex' }, 'tenant-forbidden'],
    ['switched to one that does not exist', {}, { 'X-Tenant-Id': 'nobody' }, 'tenant-forbidden'],
    ['switched to one that is suspended', {}, { 'X-Tenant-Id': 'initech' }, 'tenant-forbidden'],
    ['the same in other letters', {}, { 'X-Tenant-Id': 'ACME' }, 'tenant-forbidden'],
    ['two tenants in one header', {}, { 'X-Tenant-Id': 'acme, globex' }, 'tenant-forbidden'],
    ['no tenant claim', { tenant_id: undefined }, {}, 'tenant-forbidden'],
    [
      'no tenant claim, the tenant in the header',
      { tenant_id: undefined },
      { 'X-Tenant-Id': 'acme' },
      'tenant-forbidden',
    ],
    ['no tenant claim, tenants:any, no header', { scope: ANY, tenant_id: undefined }, {}, 'tenant-forbidden'],
    ['an empty tenant claim', { tenant_id: '' }, {}, 'tenant-forbidden'],
    ['a tenant claim that is a list of two', { tenant_id: ['acme', 'acme'] }, {}, 'tenant-forbidden'],
    ['a tenant claim that is an empty list', { tenant_id: [] }, {}, 'tenant-forbidden'],
    [
      'a tenant claim that is a list, one of it named',
      { tenant_id: ['acme', 'globex'] },
      { 'X-Tenant-Id': 'acme' },
      'tenant-forbidden',
    ],
    ['a tenant claim that is a fraction', { tenant_id: 1.5 }, {}, 'tenant-forbidden'],
    ['a number that is no tenant', { tenant_id: 1 }, {}, 'tenant-unknown'],
    ['a tenant claim that is an object', { tenant_id: { id: 'acme' } }, {}, 'tenant-forbidden'],
    ['a tenant claim that is null', { tenant_id: null }, {}, 'tenant-forbidden'],
    ['a tenant claim with a line break', { tenant_id: 'acme\n' }, {}, 'tenant-forbidden'],
    ['a tenant claim with NUL', { tenant_id: 'acme\u0000' }, {}, 'tenant-forbidden'],
    ['another claim of that meaning', { tenant_id: undefined, tenant: 'acme' }, {}, 'tenant-forbidden'],
    ['a tenant that is not set up', { tenant_id: 'nobody' }, {}, 'tenant-unknown'],
    ['a tenant with space around it', { tenant_id: ' acme' }, {}, 'tenant-unknown'],
    ['a tenant in other letters', { tenant_id: 'ACME' }, {}, 'tenant-unknown'],
    ['a tenant named like a member of every object', { tenant_id: '__proto__' }, {}, 'tenant-unknown'],
    ['another such', { tenant_id: 'constructor' }, {}, 'tenant-unknown'],
    ['switched to no tenant', { scope: ANY }, { 'X-Tenant-Id': 'nobody' }, 'tenant-unknown'],
    ['switched to two tenants', { scope: ANY }, { 'X-Tenant-Id': 'acme, globex' }, 'tenant-unknown'],
    ['a suspended tenant', { tenant_id: 'initech' }, {}, 'tenant-suspended'],
    ['switched to a suspended tenant', { scope: ANY }, { 'X-Tenant-Id': 'initech' }, 'tenant-suspended'],
  ])('%s', async (_, claims, headers, slug) => {
    expectForbidden(await patch(claims, headers), slug);
  });
});

it('a refused tenant names the claim and its fault, to the caller and in the log', async () => {
  const answer = await patch({ tenant_id: ['unmistakable', 'other'] });
  expectForbidden(answer, 'tenant-forbidden');
  expect(answer.body).toMatchObject({
    detail:
      'The access token names no tenant: its claim tenant_id is a list of 2, not of one. ' +
      'With the scope tenants:any, X-Tenant-Id may name it.',
  });
  const id = answer.headers.get('x-request-id') ?? '';
  const line = bff
    .logs()
    .split('\n')
    .find((text) => text.includes(id) && text.includes('"msg":"request"'));
  expect(JSON.parse(line ?? '{}')).toMatchObject({ reason: 'tenant_id is a list of 2, not of one' });
  expect(line).not.toContain('unmistakable');
});

describe('scopes', () => {
  it.each<[string, JWTPayload]>([
    ['in scope, among others', { scope: 'openid customers:write other' }],
    ['in scope, a list', { scope: ['openid', 'customers:write'] }],
    ['in scp', { scope: undefined, scp: ['openid', 'customers:write'] }],
    ['in scp, beside scope', { scope: 'openid', scp: 'customers:write' }],
  ])('granted %s', async (_, claims) => {
    expect((await patch(claims)).status).toBe(200);
  });

  it.each<[string, JWTPayload]>([
    ['none', { scope: undefined }],
    ['an empty text', { scope: '' }],
    ['another one', { scope: 'audit:read' }],
    ['tenants:any alone', { scope: 'tenants:any' }],
    ['one that ours begins', { scope: 'customers:writes' }],
    ['one that ends in ours', { scope: 'xcustomers:write' }],
    ['upper case', { scope: 'CUSTOMERS:WRITE' }],
    ['separated by commas', { scope: 'audit:read,customers:write' }],
    ['a wildcard', { scope: '* customers:*' }],
    ['scope as a number', { scope: 7 }],
    ['scope as an object', { scope: { 'customers:write': true } }],
    ['scp as a number', { scope: undefined, scp: 7 }],
    ['scp as a list of lists', { scope: undefined, scp: [['customers:write']] }],
    ['scp with both in one text', { scope: undefined, scp: ['audit:read customers:write'] }],
    ['other claims', { scope: undefined, scopes: 'customers:write', permissions: ['customers:write'] }],
  ])('not granted: %s', async (_, claims) => {
    expectForbidden(await patch(claims), 'insufficient-scope');
  });

  it('of the trail: audit:read, and nothing else', async () => {
    for (const path of ['/api/v1/audit-events', `/api/v1/audit-events/${NO_ID}`]) {
      expectForbidden(await get(path, { scope: 'customers:write tenants:any' }), 'insufficient-scope');
    }
    expect((await get('/api/v1/audit-events', { scope: 'audit:read' })).status).toBe(200);
    expect((await get(`/api/v1/audit-events/${NO_ID}`, { scope: 'audit:read' })).status).toBe(404);
  });

  it('of an operation: customers:write or audit:read', async () => {
    const path = `/api/v1/operations/${NO_ID}`;
    expectForbidden(await get(path, { scope: 'tenants:any openid' }), 'insufficient-scope');
    for (const scope of ['customers:write', 'audit:read'])
      expect((await get(path, { scope })).status).toBe(404);
  });
});

const NO_ID = '01890000-0000-7000-8000-000000000000';

async function patch(claims: JWTPayload, headers: Record<string, string> = {}): Promise<TestAnswer> {
  return bff.patch(PATCH, { Authorization: `Bearer ${await bff.idp.token(claims)}`, ...headers });
}

async function get(path: string, claims: JWTPayload): Promise<TestAnswer> {
  return bff.send('GET', path, undefined, { Authorization: `Bearer ${await bff.idp.token(claims)}` });
}

function expectForbidden({ status, headers, body }: TestAnswer, slug: string): void {
  expect(bff.upstream.requests).toHaveLength(0);
  expect(body).toEqual({
    type: `urn:billing-bff:problem:${slug}`,
    title: expect.any(String) as unknown,
    status: 403,
    detail: expect.any(String) as unknown,
    instance: expect.any(String) as unknown,
    code: 'FORBIDDEN',
    message: (body as { detail: string }).detail,
    request_id: headers.get('x-request-id'),
  });
  expect(status).toBe(403);
  expect(headers.get('content-type')).toContain('application/problem+json');
}
