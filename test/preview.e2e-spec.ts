import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import * as faults from './support/faults.js';
import { CUSTOMER_PATH } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';
import { faultsOf } from './support/test-answer.js';
import { CUSTOMER } from './support/upstream.js';

let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  bff = await startBff({ settings: { CUSTOMER_PRE_READ: 'never' } });
  upstream = new StatefulUpstream(bff.upstream);
});
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
});
afterAll(() => bff.stop());

const preview = (patch: object, headers = {}): Promise<TestAnswer> =>
  bff.send('POST', `${CUSTOMER_PATH}/preview`, patch, headers);

it('shows the customer as it would be, the changes and their effects, and sends nothing', async () => {
  upstream.write({ custom_taxes: [{ name: 'a', tax_code: 'b', rate: 20.5 }] });
  const answer = await preview({ name: 'Better', currency: 'EUR', is_tax_exempt: true });

  expect(answer).toMatchObject({ status: 200 });
  expect(answer.body).toEqual({
    etag: answer.headers.get('etag'),
    customer: { ...CUSTOMER, name: 'Better', custom_taxes: [{ name: 'a', tax_code: 'b', rate: '20.5' }] },
    changes: [
      { field: 'name', before: 'A***', after: 'B***', effect: 'applied' },
      { field: 'currency', before: 'EUR', after: 'EUR', effect: 'unchanged' },
      { field: 'is_tax_exempt', after: true, effect: 'unverifiable' },
    ],
    warnings: [],
  });
  expect(upstream.methods).toEqual(['GET']);
});

it('shows the tag of the customer as it is, with which the same patch does what was shown', async () => {
  const read = await bff.send('GET', CUSTOMER_PATH, undefined, {
    Authorization: `Bearer ${await bff.idp.token({ scope: 'customers:read' })}`,
  });
  const { body, headers } = await preview({ name: 'Better' });
  const { etag, customer } = body as { etag: string; customer: object };
  expect([etag, headers.get('etag')]).toEqual([read.headers.get('etag'), etag]);

  const patched = await bff.patch({ name: 'Better' }, { 'If-Match': etag });
  expect(patched).toMatchObject({ status: 200, body: customer });
});

it('shows a tag with which the patch is refused once somebody else has changed the customer', async () => {
  const { body } = await preview({ name: 'Better' });
  upstream.write({ name: 'Of somebody else' });
  const patched = await bff.patch({ name: 'Better' }, { 'If-Match': (body as { etag: string }).etag });
  expect(patched).toMatchObject({ status: 412, body: { errors: [{ pointer: '#/name' }] } });
  expect(upstream.methods).not.toContain('PATCH');
});

it('does not use the idempotency key, so that the patch can have it', async () => {
  const key = { 'Idempotency-Key': 'form-1' };
  const shown = [await preview({ name: 'One' }, key), await preview({ name: 'Two' }, key)];
  expect(shown.map(({ status }) => status)).toEqual([200, 200]);
  expect((await bff.patch({ name: 'Two' }, key)).body).toMatchObject({ name: 'Two' });
  expect((await preview({ name: 'x' }, { 'Idempotency-Key': 'a b' })).status).toBe(400);
});

it('needs a scope that allows the patch', async () => {
  const Authorization = `Bearer ${await bff.idp.token({ scope: 'customers:read' })}`;
  expect((await preview({ name: 'x' }, { Authorization })).status).toBe(403);
  expect(upstream.methods).toEqual([]);
});

it('is one event of its own', async () => {
  const answer = await preview({ name: 'Better' });
  const id = answer.headers.get('x-operation-id');
  const events = (await bff.events(0)).filter(({ operation_id }) => operation_id === id);
  expect(events).toMatchObject([
    {
      action: 'customer.patch.previewed',
      phase: 'event',
      outcome: 'not_applied',
      status: 200,
      changes: [{ field: 'name', before: 'A***', after: 'B***', effect: 'not_applied' }],
    },
  ]);
});

it.each([
  ['vat-validation-reset', 'vat_number', { vat_number: 'DE2' }],
  ['old-alias-breaks', 'alias', { alias: 'new' }],
  ['currency-changes', 'currency', { currency: 'USD' }],
  ['list-emptied', 'invoicing_emails', { invoicing_emails: [] }],
  ['list-emptied', 'custom_taxes', { custom_taxes: [] }],
  ['address-lines-blanked', 'billing_address', { billing_address: { city: 'Bonn', line1: '' } }],
  ['address-lines-blanked', 'shipping_address', { shipping_address: { same_as_billing: true } }],
])('warns of %s (%s)', async (code, field, patch) => {
  upstream.write({
    ...{ vat_number: 'DE1', alias: 'old', invoicing_emails: ['a@b.test'] },
    custom_taxes: [{ name: 'a', tax_code: 'b', rate: 1 }],
    billing_address: { line1: 'a', line2: 'b', city: 'Berlin' },
    shipping_address: { same_as_billing: false, address: { city: 'Berlin' } },
  });
  const { body } = await preview(patch);
  expect(body).toMatchObject({ warnings: [{ code, field, detail: expect.any(String) as unknown }] });
});

it('does not warn of what is not lost', async () => {
  const patch = {
    ...{ alias: 'first', invoicing_emails: [], custom_taxes: [], currency: 'EUR' },
    billing_address: { city: 'Bonn' },
  };
  expect((await preview(patch)).body).toMatchObject({ warnings: [] });
});

it('holds If-Match against the customer', async () => {
  expect((await preview({ name: 'x' }, { 'If-Match': '"old"' })).status).toBe(412);
  expect((await preview({ name: 'x' }, { 'If-Match': '*' })).status).toBe(200);
});

it('checks the body as a patch does', async () => {
  expect((await preview({ name: null })).status).toBe(400);
  expect((await preview({})).status).toBe(400);
});

it('ends when the customer can’t be read', async () => {
  upstream.plan('GET', faults.before(faults.gateway(502)));
  const answer = await preview({ name: 'x' });

  expect(answer).toMatchObject({ status: 502, body: { outcome: 'not_applied' } });
  expect(answer.headers.has('location')).toBe(false);
  expect(upstream.methods).toEqual(['GET']);
});

it.each([
  ...['dry_run=true', 'dry_run=false', 'dry_run', 'dry_run[]=true', 'x=1?dry_run=true'],
  ...['utm_source=x', '__proto__=1', 'constructor=1', 'a=1&a=2'],
])('a patch takes no parameter: %s', async (query) => {
  const parameter = query.split('=')[0];
  const detail = 'is not a parameter of this route';
  const answer = await bff.send('PATCH', `${CUSTOMER_PATH}?${query}`, { name: 'x' });
  expect(answer).toMatchObject({
    status: 400,
    body: { detail: `${parameter} ${detail}.`, errors: [{ parameter, code: 'unknown-field', detail }] },
  });
  expect(upstream.methods).toEqual([]);
});

it('names a parameter that can’t be decoded as it was sent', async () => {
  const answer = await bff.send('PATCH', `${CUSTOMER_PATH}?%zz=1`, { name: 'x' });
  const detail = 'must be percent-encoded UTF-8: a % itself is %25';
  expect(answer).toMatchObject({
    status: 400,
    body: { detail: `%zz ${detail}.`, errors: [{ parameter: '%zz', code: 'invalid', detail }] },
  });
});

it('names all of them, each once', async () => {
  const answer = await bff.send('PATCH', `${CUSTOMER_PATH}?%zz=1&x=%FF&y=1`, { name: 'x' });
  expect(faultsOf(answer).map(({ parameter, code }) => `${parameter} ${code}`)).toEqual([
    ...['%zz invalid', 'x invalid', 'y unknown-field'],
  ]);
});

it('no more do routes that have none', async () => {
  const none = '00000000-0000-7000-8000-000000000000';
  for (const path of [CUSTOMER_PATH, `/api/v1/operations/${none}`, `/api/v1/audit-events/${none}`]) {
    const token = await bff.idp.token({ scope: 'customers:read customers:write audit:read' });
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await bff.send('GET', `${path}?x=1`, undefined, headers);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ parameter: 'x' }] } });
  }
  expect((await bff.send('GET', '/health/live?x=1')).status).toBe(200);
  expect((await bff.send('GET', `${CUSTOMER_PATH}?x=1`, undefined, { Authorization: '' })).status).toBe(401);
  expect(upstream.methods).toEqual([]);
});
