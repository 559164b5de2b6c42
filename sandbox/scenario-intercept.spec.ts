import { type BillingApi, startBillingApi } from './billing-api.js';
import { ADA, call, error, NOT_FOUND, patch, TENANTS, UNAUTHORIZED } from './billing-fixture.js';
import { scenarioIntercept } from './scenario-intercept.js';
import { SCENARIOS, scenarioCustomer } from './scenarios.js';

const CUSTOMERS = SCENARIOS.map((scenario) => ({ scenario, customer: scenarioCustomer(scenario, 'ive_1') }));

let api: BillingApi;
let now: number;
/** Milliseconds, and the name that the customer has by then. */
let pauses: [number, string | undefined][];
let watched: string;
let rotated: string[];
beforeEach(async () => {
  api = await startBillingApi({ tenants: TENANTS });
  for (const tenant of ['acme', 'globex'])
    for (const { customer } of CUSTOMERS) api.putCustomer(tenant, customer);
  [now, pauses, rotated] = [0, [], []];
  api.intercept = scenarioIntercept({
    billing: api,
    tenant: 'acme',
    scenarios: new Map(CUSTOMERS.map(({ scenario, customer }) => [customer.id, scenario])),
    timeoutMs: 2_000,
    rotateToken: (used) => Promise.resolve(void rotated.push(used)),
    now: () => now,
    pause: (milliseconds) =>
      Promise.resolve(void pauses.push([milliseconds, api.customer('acme', watched)?.name])),
  });
});
afterEach(() => api.close());

const FORBIDDEN = error(403, 'FORBIDDEN', 'Forbidden');
const FAILED = error(500, 'INTERNAL_SERVER_ERROR', 'Internal server error');
const OF_OPERATION = { 'content-type': 'application/json', 'idempotency-key': 'op-1' };

it('gives every scenario a customer of its own, called by its alias', () => {
  expect(new Set(CUSTOMERS.map(({ customer }) => customer.id)).size).toBe(SCENARIOS.length);
  expect(CUSTOMERS.map(({ customer }) => customer.alias)).toEqual(SCENARIOS.map(({ alias }) => alias));
});

it('leaves other customers, other tenants and strangers alone', async () => {
  expect(await patch(api, ADA.id, { name: 'Ada L.' })).toMatchObject({ status: 200 });
  expect(await patch(api, 'token-forbidden', { name: 'A' }, { token: 'globex-token' })).toMatchObject({
    status: 200,
  });
  expect(await patch(api, 'token-forbidden', { name: 'A' }, { token: 'nobody' })).toEqual(UNAUTHORIZED);
  expect(await patch(api, 'no-such-customer', { name: 'A' })).toEqual(NOT_FOUND);
});

it('finds the customer by its id, too, after its alias has changed', async () => {
  await patch(api, 'failed-but-applied', { alias: 'renamed' });
  for (const ref of ['cus_FailedButApplied', 'renamed'])
    expect(await patch(api, ref, { name: 'A' })).toEqual(FAILED);
});

it('does the same every time', async () => {
  for (let time = 0; time < 3; time += 1)
    expect(await patch(api, 'token-forbidden', { name: 'A' })).toEqual(FORBIDDEN);
});

it('takes the second try of an operation, and fails the first of the next', async () => {
  const statusOf = async (operation: string): Promise<number> => {
    const headers = { ...OF_OPERATION, 'idempotency-key': operation };
    return (await patch(api, 'busy-then-fine', { name: operation }, { headers })).status;
  };
  expect([await statusOf('op-1'), await statusOf('op-1'), await statusOf('op-2')]).toEqual([429, 200, 429]);
});

it.each([
  ['late-but-applied', 3_000, 'Applied'],
  ['applied-later', 3_000, 'Applied Later'],
  ['slow', 1_000, 'Slow'],
])('%s pauses for %i ms, and the name is then %s', async (alias, milliseconds, name) => {
  watched = alias;
  await patch(api, alias, { name: 'Applied' });
  expect(pauses).toEqual([[milliseconds, name]]);
  expect(api.customer('acme', alias)?.name).toBe('Applied');
});

it('has the token rotated before it refuses the one that was used', async () => {
  const asked = { headers: OF_OPERATION };
  expect(await patch(api, 'token-rotated', { name: 'A' }, asked)).toEqual(UNAUTHORIZED);
  expect(rotated).toEqual(['acme-token']);
  expect(await patch(api, 'token-rotated', { name: 'A' }, asked)).toMatchObject({ status: 200 });
});

it('fails reads for three seconds after an unclear answer', async () => {
  const statusOfRead = async (): Promise<number> => (await call(api, 'maintenance-unclear')).status;
  expect(await statusOfRead()).toBe(200);
  await patch(api, 'maintenance-unclear', { name: 'A' });
  expect(await statusOfRead()).toBe(500);
  now += 3_000;
  expect(await statusOfRead()).toBe(200);
});

it('refuses what the billing API would refuse, whatever the scenario', async () => {
  const refused = await patch(api, 'ignored-field', { name: 'A', currency: 'JPY' });
  expect(refused).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } });
});
