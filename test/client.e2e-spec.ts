import { createClient, type BillingBffClient, type Problem } from 'billing-bff-client';
import { startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const ID = CUSTOMER.id;
const TAG = expect.stringMatching(/^".+"$/) as string;

let bff: TestBff;
let client: BillingBffClient;
beforeAll(async () => {
  bff = await startBff();
  const token = await bff.idp.token({ scope: 'customers:write customers:read audit:read' });
  client = createClient({ baseUrl: bff.url, token });
});
afterAll(() => bff.stop());
beforeEach(() => {
  bff.upstream.readAs(CUSTOMER, (request, response) => {
    answerJson(response, 200, { ...CUSTOMER, ...(JSON.parse(request.text) as object) });
  });
});

it('patches, and has what the next patch needs', async () => {
  const patched = await client.patchCustomer(ID, { name: 'Acme AG' });
  expect(patched).toEqual({
    ok: true,
    data: { ...CUSTOMER, name: 'Acme AG' },
    etag: TAG,
    operationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    replayed: false,
  });
  if (!patched.ok) throw new Error('not patched');
  expect(await client.getOperation(patched.operationId ?? '')).toMatchObject({
    ok: true,
    data: { status: 'applied', final: true },
  });
});

it('reads, previews, and patches what was shown', async () => {
  const read = await client.getCustomer(ID);
  expect(read).toEqual({ ok: true, data: CUSTOMER, etag: TAG });
  const preview = await client.previewCustomer(ID, { name: 'Acme AG' });
  if (!preview.ok || !read.ok) throw new Error('no preview');
  expect(preview.data).toMatchObject({
    changes: [{ field: 'name', effect: 'applied' }],
    warnings: [],
    customer: { ...CUSTOMER, name: 'Acme AG' },
    etag: read.etag,
  });
  expect(await client.patchCustomer(ID, { name: 'Acme AG' }, { ifMatch: preview.data.etag })).toMatchObject({
    ok: true,
  });
});

it('lists customers and audit events', async () => {
  const list = {
    data: [CUSTOMER],
    pagination_meta: { page: 0, per_page: 1, total_items: 1, total_pages: 1 },
  };
  bff.upstream.answerWith(200, list);
  expect(await client.listCustomers({ search: 'acme & co', per_page: 1 })).toEqual({ ok: true, data: list });
  expect(bff.upstream.requests.at(-1)?.url).toContain('search=acme+%26+co');

  const first = await client.listAuditEvents({ customer: ID, limit: 1 });
  if (!first.ok) throw new Error('no events');
  expect(first.data.data).toMatchObject([{ phase: 'outcome', target: { customer_id: ID } }]);
  const next = await client.listAuditEvents({ customer: ID, limit: 1, cursor: first.data.next_cursor ?? '' });
  expect(next).toMatchObject({
    ok: true,
    data: { data: [{ phase: 'intent', target: { customer_id: ID } }] },
  });
});

it('sends the ref as one segment of the path, whatever is in it', async () => {
  bff.upstream.answerWith(404, { code: 'NOT_FOUND', message: 'Customer not found' });
  const answer = await client.getCustomer('ä%?#$&');
  expect(answer).toMatchObject({
    ok: false,
    problem: { type: 'urn:billing-bff:problem:customer-not-found', status: 404 },
  });
  expect(bff.upstream.requests.at(-1)?.url).toContain(encodeURIComponent('ä%?#$&'));
  await expect(client.getCustomer('..')).rejects.toThrow("not an id or alias of a customer: '..'");
});

it('acts for the tenant that it is told', async () => {
  const token = await bff.idp.token({ tenant_id: undefined, scope: 'customers:read tenants:any' });
  const platform = createClient({ baseUrl: `${bff.url}/`, token, tenant: 'globex' });
  expect(await platform.getCustomer(ID)).toMatchObject({ ok: true });
  expect(bff.upstream.requests.at(-1)?.headers['authorization']).toBe('Bearer upstream-token-of-globex');
});

describe('a problem', () => {
  /** `type` is enough to know what there is: the compiler checks this function. */
  function told(problem: Problem): unknown {
    switch (problem.type) {
      case 'urn:billing-bff:problem:validation-failed':
        return problem.errors.map(({ pointer, code }) => [pointer, code]);
      case 'urn:billing-bff:problem:billing-unreachable':
        return problem.outcome satisfies 'not_applied' | undefined;
      case 'urn:billing-bff:client:no-answer':
        return problem.cause;
      default:
        return problem.detail;
    }
  }

  it('of a body has every fault with its place', async () => {
    const patch = { name: '', billing_address: { country: 'Germany' } };
    const answer = await client.patchCustomer(ID, patch);
    if (answer.ok) throw new Error('patched');
    expect(told(answer.problem)).toEqual([
      ['#/name', 'too-short'],
      ['#/billing_address/country', 'not-country'],
    ]);
  });

  it('of a customer that somebody else changed names the fields', async () => {
    const read = await client.getCustomer(ID);
    if (!read.ok) throw new Error('not read');
    bff.upstream.readAs({ ...CUSTOMER, phone: '+49 1' }, () => undefined);
    expect(await client.patchCustomer(ID, { name: 'Acme AG' }, { ifMatch: read.etag })).toMatchObject({
      ok: false,
      problem: {
        type: 'urn:billing-bff:problem:precondition-failed',
        status: 412,
        errors: [{ pointer: '#/phone', code: 'changed' }],
      },
      retryAfterS: undefined,
    });
  });
});
