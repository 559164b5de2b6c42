import * as faults from './support/faults.js';
import { dumpOf, leaksIn } from './support/leaks.js';
import { ACME_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import { faultsOf, type TestAnswer } from './support/test-answer.js';
import { CUSTOMER } from './support/upstream.js';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300', REQUEST_DEADLINE_MS: '1500' } });
});
beforeEach(async () => {
  await bff.forgetFailures();
  bff.upstream.requests.length = 0;
  bff.upstream.answerWith(200, LIST);
});
afterAll(() => bff.stop());

const OTHER = { ...CUSTOMER, id: 'cus_2', name: 'Other', alias: 'other', billing_email: 'a@other.test' };
const LIST = {
  data: [CUSTOMER, OTHER],
  pagination_meta: { page: 0, per_page: 10, total_items: 2, total_pages: 1 },
};

async function list(query = '', claims: object = {}): Promise<TestAnswer> {
  const token = await bff.idp.token({ scope: 'customers:read', ...claims });
  return bff.send('GET', `/api/v1/customers${query}`, undefined, { Authorization: `Bearer ${token}` });
}

/** The queries that were sent to the billing API. */
const sent = (): string[] => bff.upstream.requests.map(({ method, url }) => `${method} ${url}`);

it("is the billing API's own list, asked for with the tenant's token", async () => {
  const answer = await list();

  expect(answer).toMatchObject({ status: 200, body: LIST });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(['etag', 'content-location', 'x-operation-id'].some((name) => answer.headers.has(name))).toBe(false);
  expect(sent()).toEqual(['GET /api/v1/customers']);
  expect(bff.upstream.requests[0]?.headers).toMatchObject({
    authorization: `Bearer ${ACME_TOKEN}`,
    'x-request-id': answer.headers.get('x-request-id'),
  });
});

it('has rates as text, and every member beyond the contract as it came', async () => {
  const answered = {
    ...LIST,
    data: [
      {
        ...CUSTOMER,
        custom_taxes: [{ name: 'a', tax_code: 'b', rate: 20.5, new: 1 }],
        properties: { a: null },
      },
    ],
    pagination_meta: { ...LIST.pagination_meta, has_more: false },
    took_ms: 3,
  };
  bff.upstream.answerWith(200, answered);

  const customers = [
    { ...answered.data[0], custom_taxes: [{ name: 'a', tax_code: 'b', rate: '20.5', new: 1 }] },
  ];
  expect((await list()).body).toEqual({ ...answered, data: customers });
  for (const field of ['properties', 'took_ms']) expect(bff.logs()).toContain(`"${field}"`);
});

it('is asked for anew each time', async () => {
  await list();
  bff.upstream.answerWith(200, { ...LIST, data: [] });
  expect((await list()).body).toEqual({ ...LIST, data: [] });
});

it.each([
  ['?page=4294967295', '?page=4294967295'],
  ['?page=0&per_page=100', '?page=0&per_page=100'],
  ['?archived=true', '?archived=true'],
  ['?archived=false&per_page=1', '?archived=false&per_page=1'],
  ['?search=', '?search='],
  [
    '?search=M%C3%BCller%20%26%20S%C3%B6hne%3Fpage%3D1%23%2F..',
    '?search=M%C3%BCller+%26+S%C3%B6hne%3Fpage%3D1%23%2F..',
  ],
  ...['name', 'email', 'alias', 'created_at'].flatMap((column) =>
    ['asc', 'desc'].map((direction) => [
      `?order_by=${column}.${direction}`,
      `?order_by=${column}.${direction}`,
    ]),
  ),
])('passes %s on', async (query, expected) => {
  expect(await list(query)).toMatchObject({ status: 200 });
  expect(sent()).toEqual([`GET /api/v1/customers${expected}`]);
});

it('counts the characters of a search in code points', async () => {
  const search = '%F0%9F%98%80'.repeat(255);
  expect(await list(`?search=${search}`)).toMatchObject({ status: 200 });
  expect(sent()).toEqual([`GET /api/v1/customers?search=${search}`]);
});

it.each([
  ['page=-1', 'page', 'out-of-range'],
  ['page=1.5', 'page', 'out-of-range'],
  ['page=', 'page', 'out-of-range'],
  ['page=4294967296', 'page', 'out-of-range'],
  ['per_page=0', 'per_page', 'out-of-range'],
  ['per_page=101', 'per_page', 'out-of-range'],
  ['per_page=ten', 'per_page', 'out-of-range'],
  ['archived=1', 'archived', 'not-boolean'],
  ['archived=TRUE', 'archived', 'not-boolean'],
  ['archived=', 'archived', 'not-boolean'],
  ['order_by=name', 'order_by', 'not-allowed'],
  ['order_by=name.up', 'order_by', 'not-allowed'],
  ['order_by=id.asc', 'order_by', 'not-allowed'],
  ['order_by=', 'order_by', 'not-allowed'],
  ['search=a%00b', 'search', 'control-character'],
  ['search=a%0Ab', 'search', 'control-character'],
  ['search=a%E2%80%AEb', 'search', 'bidi-control'],
  [`search=${'x'.repeat(256)}`, 'search', 'too-long'],
  ['search=a&search=b', 'search', 'repeated'],
  ['page=1&page=2', 'page', 'repeated'],
  ['limit=10', 'limit', 'unknown-field'],
  ['Page=1', 'Page', 'unknown-field'],
  ['constructor=1', 'constructor', 'unknown-field'],
  ['search=%zz', 'search', 'invalid'],
  ['search=100%', 'search', 'invalid'],
  ['search=%ED%A0%80', 'search', 'invalid'],
  ['page=1&search=%C0%AE', 'search', 'invalid'],
  ['se%FFarch=x', 'se%FFarch', 'invalid'],
])('refuses ?%s and sends nothing', async (query, parameter, code) => {
  const answer = await list(`?${query}`);
  expect(answer).toMatchObject({ status: 400, body: { type: 'urn:billing-bff:problem:validation-failed' } });
  expect(faultsOf(answer)).toEqual([{ parameter, code, detail: expect.any(String) as unknown }]);
  expect(sent()).toEqual([]);
});

it.each([
  ['limit[]=1', 'limit[] is not a parameter of this route.'],
  ['=1', 'What has no name is not a parameter of this route.'],
])('says of ?%s that it is no parameter', async (query, detail) => {
  expect(await list(`?${query}`)).toMatchObject({ status: 400, body: { detail } });
});

it('tells every fault of a query at once', async () => {
  const answer = await list('?page=x&per_page=0&archived=yes&order_by=x&search=%07&sort=x&page_size=1');
  const parameters = faultsOf(answer).map(({ parameter }) => parameter);
  expect(answer.status).toBe(400);
  expect(parameters.sort()).toEqual(
    ['archived', 'order_by', 'page', 'page_size', 'per_page', 'search', 'sort'].sort(),
  );
});

it('takes the scope customers:read', async () => {
  expect(await list('', { scope: 'customers:write audit:read' })).toMatchObject({
    status: 403,
    body: { type: 'urn:billing-bff:problem:insufficient-scope' },
  });
  expect(sent()).toEqual([]);
});

const page = (data: unknown, meta: object = {}): faults.Wire =>
  faults.status(200, { data, pagination_meta: { ...LIST.pagination_meta, ...meta } });
const OWN_400 = { code: 'BAD_REQUEST', message: 'The page does not exist' };

it.each<[string, faults.Wire, number, string]>([
  ['400', faults.status(400, OWN_400), 400, 'rejected-by-billing'],
  ['401', faults.status(401, {}), 502, 'billing-credentials-rejected'],
  ['403', faults.status(403, {}), 502, 'billing-credentials-rejected'],
  ['404', faults.status(404, { code: 'NOT_FOUND', message: 'x' }), 502, 'billing-failed'],
  ['404 of a gateway', faults.status(404, ''), 502, 'billing-failed'],
  ['409', faults.status(409, {}), 502, 'billing-failed'],
  ['429', faults.status(429, {}, { 'Retry-After': '60' }), 429, 'rate-limited-by-billing'],
  ['503 with Retry-After', faults.status(503, {}, { 'Retry-After': '60' }), 503, 'billing-unavailable'],
  ['500', faults.ownFailure, 502, 'billing-failed'],
  ['HTML', faults.html, 502, 'billing-failed'],
  ['more than it may', faults.oversized, 502, 'billing-failed'],
  ['a reset', faults.reset, 502, 'billing-failed'],
  ['nothing', faults.hang, 504, 'billing-timeout'],
  ['a bare list', faults.status(200, [CUSTOMER]), 502, 'billing-failed'],
  ['no pagination', faults.status(200, { data: [] }), 502, 'billing-failed'],
  ['a negative count', page([], { total_items: -1 }), 502, 'billing-failed'],
  ['a count that is none', page([], { total_pages: '1' }), 502, 'billing-failed'],
  ['one item that is no customer', page([CUSTOMER, { ...OTHER, id: '2' }]), 502, 'billing-failed'],
  ['an empty item', page([CUSTOMER, null]), 502, 'billing-failed'],
  ['too many customers', page(Array.from({ length: 1_001 }, () => CUSTOMER)), 502, 'billing-failed'],
])('when the billing API answers %s is a problem', async (_what, wire, status, slug) => {
  bff.upstream.answer = (_request, response) => {
    wire(response, CUSTOMER);
  };
  const answer = await list('?search=acme');

  expect(answer).toMatchObject({ status, body: { type: `urn:billing-bff:problem:${slug}` } });
  expect(answer.body).not.toHaveProperty('outcome');
  expect(answer.headers.get('retry-after')).toBe([429, 503].includes(status) ? '60' : null);
  expect(sent()).toEqual(['GET /api/v1/customers?search=acme']);
});

it("repeats the billing API's own words about a query that it refuses", async () => {
  bff.upstream.answerWith(400, OWN_400);
  expect((await list('?page=7')).body).toMatchObject({ detail: OWN_400.message });
});

it('leaves neither what was searched for nor what was found in the log or the database', async () => {
  const search = 'Searched-for-Person';
  await list(`?search=${search}`);
  await list(`?search=${search}&page=x`);
  bff.upstream.answerWith(400, { code: 'BAD_REQUEST', message: `no ${search} ${ACME_TOKEN}` });
  const refused = await list(`?search=${search}`);
  await bff.patch({}, { 'X-Request-Id': 'after-the-searches' });

  const kept = bff.logs() + (await dumpOf(bff.database));
  expect(kept).toContain('after-the-searches');
  expect(kept).toContain('"route":"/api/v1/customers"');
  expect(leaksIn(kept, [search, OTHER.billing_email, 'other.test', ACME_TOKEN])).toEqual([]);
  expect(JSON.stringify(refused.body)).not.toContain(ACME_TOKEN);
});
