import * as faults from './support/faults.js';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { CUSTOMER } from './support/upstream.js';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300', REQUEST_DEADLINE_MS: '1500' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

async function get(
  path: string,
  scope = 'customers:read',
  more: Record<string, string> = {},
): Promise<TestAnswer> {
  const headers = { Authorization: `Bearer ${await bff.idp.token({ scope })}`, ...more };
  return bff.send('GET', path, undefined, headers);
}

it('is the customer as the billing API has it, with a tag and its place', async () => {
  upstream.write({ custom_taxes: [{ name: 'a', tax_code: 'b', rate: 1e-8 }], customer_type: 'new' });
  const answer = await get(CUSTOMER_PATH);

  expect(answer).toMatchObject({
    status: 200,
    body: { ...CUSTOMER, custom_taxes: [{ name: 'a', tax_code: 'b', rate: '0.00000001' }] },
  });
  expect(answer.body).toHaveProperty('customer_type', 'new');
  expect(answer.headers.get('etag')).toMatch(/^"[\w-]+"$/);
  expect(answer.headers.get('content-location')).toBe(CUSTOMER_PATH);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.has('x-operation-id')).toBe(false);
});

it('by alias is the same, with the same tag', async () => {
  const byId = await get(CUSTOMER_PATH);
  const byAlias = await get('/api/v1/customers/m%C3%BCller%25');
  expect(byAlias.headers.get('etag')).toBe(byId.headers.get('etag'));
  expect(byAlias.headers.get('content-location')).toBe(CUSTOMER_PATH);
  expect(bff.upstream.requests.at(-1)?.url).toBe('/api/v1/customers/m%C3%BCller%25');
});

it('is whole for who knows its tag already, which says nothing of members beyond the contract', async () => {
  const known = (await get(CUSTOMER_PATH)).headers.get('etag') ?? '';
  upstream.write({ custom_properties: { tier: 'gold' } });
  const answer = await get(CUSTOMER_PATH, 'customers:read', { 'If-None-Match': known });
  expect(answer).toMatchObject({ status: 200, body: { ...CUSTOMER, custom_properties: { tier: 'gold' } } });
  expect(answer.headers.get('etag')).toBe(known);
});

it('takes the scope customers:read', async () => {
  expect(await get(CUSTOMER_PATH, 'customers:write audit:read')).toMatchObject({ status: 403 });
  expect(upstream.methods).toEqual([]);
});

it('leaves nothing in the trail', async () => {
  // The refusal above is stored behind its answer.
  const before = (await bff.events(1)).length;
  await get(CUSTOMER_PATH);
  expect(await bff.events(0)).toHaveLength(before);
});

it.each<[string, faults.Wire, number, string]>([
  ['404', faults.status(404, { code: 'NOT_FOUND', message: 'x' }), 404, 'customer-not-found'],
  ['404 of a gateway', faults.status(404, '<html>Not Found</html>'), 502, 'billing-failed'],
  ['404 of another JSON API', faults.status(404, { message: 'x' }), 502, 'billing-failed'],
  [
    '24,000 taxes',
    faults.status(200, {
      ...CUSTOMER,
      custom_taxes: Array.from({ length: 24_000 }, () => ({ name: '', tax_code: '', rate: 1e308 })),
    }),
    502,
    'billing-failed',
  ],
  ['400', faults.status(400, { code: 'BAD_REQUEST', message: 'x' }), 502, 'billing-failed'],
  ['401', faults.status(401, {}), 502, 'billing-credentials-rejected'],
  ['403', faults.status(403, {}), 502, 'billing-credentials-rejected'],
  ['429', faults.status(429, {}, { 'Retry-After': '60' }), 429, 'rate-limited-by-billing'],
  ['503 with Retry-After', faults.status(503, {}, { 'Retry-After': '60' }), 503, 'billing-unavailable'],
  ['500', faults.ownFailure, 502, 'billing-failed'],
  ['HTML', faults.html, 502, 'billing-failed'],
  ['a reset', faults.reset, 502, 'billing-failed'],
  ['nothing', faults.hang, 504, 'billing-timeout'],
])('when the billing API answers %s is a problem', async (_what, wire, status, slug) => {
  upstream.always = { GET: faults.before(wire) };
  const answer = await get(CUSTOMER_PATH);

  expect(answer).toMatchObject({ status, body: { type: `urn:billing-bff:problem:${slug}` } });
  expect(answer.body).not.toHaveProperty('outcome');
  expect(answer.headers.get('retry-after')).toBe([429, 503].includes(status) ? '60' : null);
  expect(upstream.methods).toEqual(['GET']);
});
