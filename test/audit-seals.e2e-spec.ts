import canonicalize from 'canonicalize';
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose';
import { allSealed, publicKeys, read, type Seal, type SealPage, sha256 } from './support/sealed-trail.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { parametersOf } from './support/test-answer.js';

const SEALS = 5;

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  for (let n = 0; n < SEALS; n += 1) {
    await bff.patch({ name: `Name ${n}` });
    await allSealed(bff);
  }
  const globex = `Bearer ${await bff.idp.token({ tenant_id: 'globex' })}`;
  await bff.patch({ name: 'Globex' }, { Authorization: globex });
  await allSealed(bff);
});
afterAll(() => bff.stop());

it('there is a seal after the patches, whole', async () => {
  const { status, headers, body } = await read(bff, 'audit-seals');
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  const { data } = body as SealPage;
  const last = data.at(-1);
  expect(body).toEqual({
    data: data.map((_, index) => ({
      log: 'acme',
      seal: index + 1,
      tree_size: expect.any(Number) as unknown,
      root: expect.stringMatching(HASH) as unknown,
      previous: index === 0 ? null : (expect.stringMatching(HASH) as unknown),
      sealed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
      jws: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as unknown,
    })),
    next_cursor: null,
  });
  expect(data.length).toBeGreaterThanOrEqual(SEALS);
  // An intent and an outcome of each patch; reading seals is no event.
  expect(last?.tree_size).toBe(2 * SEALS);
});

it('each names the hash of the one before, and covers more', async () => {
  const data = await sealsOf('acme');
  for (const [index, { previous, tree_size, sealed_at }] of data.entries()) {
    const before = data[index - 1];
    expect(previous).toBe(before === undefined ? null : sha256(before.jws));
    expect(tree_size).toBeGreaterThan(before?.tree_size ?? 0);
    expect(sealed_at >= (before?.sealed_at ?? '')).toBe(true);
  }
});

it('is signed by a published key, over the RFC 8785 form of its other members', async () => {
  const keys = (await publicKeys(bff)) as JSONWebKeySet;
  const [key] = keys.keys;
  expect(keys).toEqual({
    keys: [
      {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        x: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        kid: expect.stringMatching(/^[\w-]+$/) as unknown,
      },
    ],
  });
  for (const { jws, ...others } of await sealsOf('acme')) {
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(keys));
    expect(protectedHeader).toEqual({ alg: 'EdDSA', kid: key?.kid });
    expect(new TextDecoder().decode(payload)).toBe(canonicalize(others));
  }
});

it('is a line of the log as well', async () => {
  const lines = bff
    .logs()
    .split('\n')
    .filter((line) => line.includes('"msg":"sealed"'))
    .map((line) => JSON.parse(line) as Seal);
  const seals = [...(await sealsOf('acme')), ...(await sealsOf('globex'))];
  expect(lines.map(({ log, seal, tree_size, jws }) => ({ log, seal, tree_size, jws }))).toEqual(
    seals.map(({ log, seal, tree_size, jws }) => ({ log, seal, tree_size, jws })),
  );
});

it.each([1, 2, SEALS - 1, SEALS, 200])('pages of %d are complete and in order', async (limit) => {
  const found: Seal[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `audit-seals?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page = (await read(bff, path)).body as SealPage;
    expect(page.data.length).toBeLessThanOrEqual(limit);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  expect(found).toEqual(await sealsOf('acme'));
});

it('only the caller’s tenant’s are there, also with a cursor of another’s', async () => {
  const [own, ...others] = await sealsOf('globex');
  expect(others).toEqual([]);
  expect(own).toMatchObject({ log: 'globex', seal: 1, tree_size: 2, previous: null });
  const { next_cursor: cursor } = (await read(bff, 'audit-seals?limit=1')).body as SealPage;
  const { body } = await read(bff, `audit-seals?cursor=${cursor ?? ''}`, { tenant_id: 'globex' });
  expect(body).toEqual({ data: [], next_cursor: null });
});

it('a tenant without events has none, and no _platform can be asked for', async () => {
  const nobody = { scope: 'audit:read tenants:any', tenant_id: undefined };
  const platform = await read(bff, 'audit-seals', nobody, { 'X-Tenant-Id': '_platform' });
  expect(platform.status).toBe(403);
});

it.each([
  ...['limit=0', 'limit=201', 'limit=', 'limit=-1', 'limit=1.5', 'limit=1e2', 'limit=1&limit=2', 'limit[]=1'],
  ...['cursor=', 'cursor=abc', 'cursor=MQ', 'cursor=c2VhbCAw', `cursor=${'A'.repeat(5000)}`, 'cursor=%00'],
  ...['log=globex', 'tenant=globex', 'seal=1', '__proto__=1', 'Limit=1'],
])('is refused with 400: %s', async (query) => {
  const answer = await read(bff, `audit-seals?${query}`);
  expect(answer.body).toMatchObject({
    type: 'urn:billing-bff:problem:validation-failed',
    code: 'BAD_REQUEST',
  });
  expect(answer.status).toBe(400);
  expect(parametersOf(answer)).toHaveLength(1);
});

it('takes the scope audit:read; the keys take nothing', async () => {
  const refused: TestAnswer = await read(bff, 'audit-seals', { scope: 'customers:write' });
  expect(refused.status).toBe(403);
  expect(refused.headers.get('x-request-id')).toEqual(expect.any(String));
  const keys = await bff.send('GET', '/api/v1/audit-keys', undefined, { Authorization: '' });
  expect(keys.status).toBe(200);
});

const HASH = /^[0-9a-f]{64}$/;

async function sealsOf(tenant: string): Promise<Seal[]> {
  const { body } = await read(bff, 'audit-seals?limit=200', { tenant_id: tenant });
  return (body as SealPage).data;
}
