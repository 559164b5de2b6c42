import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { failure } from './billing-answers.js';
import { type BillingApi, type BillingApiOptions, startBillingApi } from './billing-api.js';
import {
  ADA,
  ADA_ANSWER,
  BARE,
  call,
  ELSEWHERE,
  error,
  NOW,
  ok,
  patch,
  TENANTS,
  UNAUTHORIZED,
} from './billing-fixture.js';

let api: BillingApi;
let clock: number;

beforeEach(async () => {
  clock = NOW;
  await start();
});
afterEach(() => api.close());

async function start(options: Partial<BillingApiOptions> = {}): Promise<void> {
  api = await startBillingApi({ tenants: TENANTS, now: () => clock, ...options });
}

async function restart(options: Partial<BillingApiOptions>): Promise<void> {
  await api.close();
  await start(options);
}

describe('tokens', () => {
  it('lets a revoked token work until its validity is looked up again, 120 s later (U15)', async () => {
    await call(api, ADA.id);
    api.revokeToken('acme-token');
    clock += 119_999;
    expect(await call(api, ADA.id)).toMatchObject({ status: 200 });
    clock += 1;
    expect(await call(api, ADA.id)).toEqual(UNAUTHORIZED);
  });

  it('takes a new token at once, and names it in the activity log', async () => {
    api.addToken('acme', { name: 'second', value: 'acme-token-2' });
    await patch(api, ADA.id, {}, { token: 'acme-token-2' });
    expect(api.activities.map(({ actor }) => actor)).toEqual(['second']);
  });
});

describe('for tests', () => {
  it('remembers each request as it came', async () => {
    await patch(
      api,
      'ada?x=1',
      { name: 'é' },
      { headers: { 'content-type': 'application/json', 'x-request-id': 'r1' } },
    );
    const someHeaders: unknown = expect.objectContaining({
      authorization: 'Bearer acme-token',
      'x-request-id': 'r1',
    });
    expect(api.requests).toEqual([
      {
        method: 'PATCH',
        path: '/api/v1/customers/ada?x=1',
        headers: someHeaders,
        body: '{"name":"é"}',
      },
    ]);
  });

  it('remembers no more than it is told to', async () => {
    await restart({ keep: 2 });
    for (const name of ['1', '2', '3']) await patch(api, ADA.id, { name });
    expect(api.requests.map(({ body }) => body)).toEqual(['{"name":"2"}', '{"name":"3"}']);
    expect(api.activities).toHaveLength(2);
  });

  it('lets a test answer itself, or lose the answer of a patch that was applied', async () => {
    api.intercept = () => failure('FORBIDDEN', 'no');
    expect(await call(api, ADA.id)).toEqual(error(403, 'FORBIDDEN', 'no'));
    api.intercept = (_, serve) => {
      serve();
      return 'reset';
    };
    await expect(patch(api, ADA.id, { name: 'Applied' })).rejects.toThrow('fetch failed');
    expect(api.customer('acme', ADA.id)?.name).toBe('Applied');
    api.intercept = undefined;
    expect(await call(api, ADA.id)).toEqual(ok({ ...ADA_ANSWER, name: 'Applied' }));
  });

  it('never answers when told to hang, and closes all the same', async () => {
    api.intercept = () => 'hang';
    const signal = AbortSignal.timeout(100);
    const headers = { authorization: 'Bearer acme-token' };
    await expect(fetch(`${api.url}/api/v1/customers/ada`, { headers, signal })).rejects.toThrow('aborted');
  });

  it('refuses a customer whose id no URL would find', () => {
    expect(() => {
      api.putCustomer('acme', { ...BARE, id: 'customer-1' });
    }).toThrow('customer-1 is not a customer id');
  });
});

describe('the state file', () => {
  let folder: string;
  let stateFile: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'billing-api-'));
    stateFile = path.join(folder, 'billing.json');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('keeps customers and activities over a restart, for its owner’s eyes only', async () => {
    await restart({ stateFile });
    await patch(api, ADA.id, {
      name: 'Kept',
      shipping_address: { same_as_billing: false, address: { city: 'Bonn' } },
    });
    const before = { customer: api.customer('acme', ADA.id), activities: [...api.activities] };
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    await restart({ stateFile });
    expect({ customer: api.customer('acme', ADA.id), activities: api.activities }).toEqual(before);
    expect(before.customer?.name).toBe('Kept');
    expect(api.customer('globex', 'cus_3')).toEqual(ELSEWHERE);
  });

  it('names the file and the fault when it is not as expected', async () => {
    writeFileSync(stateFile, '{"tenants":{"acme":[{"id":5}]},"activities":[]}');
    await expect(startBillingApi({ tenants: TENANTS, stateFile })).rejects.toThrow(
      `${stateFile} is not as expected (acme[0].id: invalid type: integer \`5\`, expected a string); delete it to start afresh.`,
    );
    writeFileSync(stateFile, '{');
    await expect(startBillingApi({ tenants: TENANTS, stateFile })).rejects.toThrow(
      `${stateFile} is not JSON`,
    );
    expect(readFileSync(stateFile, 'utf8')).toBe('{');
  });
});
