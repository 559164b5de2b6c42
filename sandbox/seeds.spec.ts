import { type BillingApi, startBillingApi } from './billing-api.js';
import { freshPatch } from './fresh-patch.js';
import { BILLING_TENANTS, FIRST_CUSTOMER, SEED_ENTITY, TENANT_ENTRIES } from './seeds.js';
import { SCENARIOS } from './scenarios.js';
import { members } from './shape.js';

let api: BillingApi;
beforeAll(async () => {
  api = await startBillingApi({ tenants: BILLING_TENANTS });
});
afterAll(() => api.close());

it.each([
  ['acme', 3 + SCENARIOS.length],
  ['globex', 3],
])('lets the token of %s read every customer of that tenant', async (id, count) => {
  const customers = BILLING_TENANTS.find((tenant) => tenant.id === id)?.customers ?? [];
  const token = TENANT_ENTRIES.find((tenant) => tenant.id === id)?.token ?? '';
  expect(customers).toHaveLength(count);
  for (const customer of customers) {
    const response = await fetch(`${api.url}/api/v1/customers/${customer.id}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await response.json()).toMatchObject({ id: customer.id, name: customer.name });
  }
});

it('has the billing API take every field of a fresh patch, run after run', async () => {
  const acme = TENANT_ENTRIES.find(({ id }) => id === 'acme');
  const currencies = BILLING_TENANTS.find(({ id }) => id === 'acme')?.currencies ?? [];
  for (const run of [100_000_000, 100_000_001, 100_000_002, 987_654_323, 999_999_999]) {
    const patch = freshPatch(run, currencies);
    const response = await fetch(`${api.url}/api/v1/customers/${FIRST_CUSTOMER.id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${acme?.token ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify(patch),
    });
    const { is_tax_exempt, custom_taxes, ...answered } = patch;
    const customer = members(await response.json(), 'customer');
    expect(customer).toMatchObject(answered);
    expect(api.customer('acme', FIRST_CUSTOMER.id)).toMatchObject({ is_tax_exempt, custom_taxes });
  }
  expect(acme?.invoicing_entities).toContain(SEED_ENTITY);
});
