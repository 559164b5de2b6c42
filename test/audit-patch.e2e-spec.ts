import { request as httpRequest } from 'node:http';
import type { JWTPayload } from 'jose';
import {
  CUSTOMER_PATH,
  startBff,
  type StoredEvent,
  type TestAnswer,
  type TestBff,
} from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const PATCH = {
  name: 'Acme GmbH',
  alias: 'acme-berlin',
  billing_email: 'anna@acme.test',
  invoicing_emails: ['berta@acme.test'],
  phone: '+49 30 123456',
  currency: 'EUR',
  is_tax_exempt: true,
  vat_number: 'DE123456789',
  custom_taxes: [{ name: 'City tax', tax_code: 'CITY', rate: '20.5' }],
  billing_address: { line1: 'Main Street 1', city: 'Berlin', country: 'DE' },
  shipping_address: { same_as_billing: false, address: { city: 'Hamburg', country: 'DE' } },
};

/** As it is before: every field that can be read is another one. */
const BEFORE = {
  ...CUSTOMER,
  name: 'Globex GmbH',
  alias: 'globex',
  billing_email: 'zoe@globex.test',
  phone: '+49 40 987654',
  currency: 'USD',
  custom_taxes: [{ name: 'Tourist tax', tax_code: 'TOUR', rate: 7 }],
  billing_address: { line1: 'Harbour 5', country: 'FR' },
};

const MASKED_BEFORE: Record<string, unknown> = {
  name: 'G***',
  alias: 'g***',
  billing_email: 'z***@globex.test',
  invoicing_emails: [],
  phone: '***654',
  currency: 'USD',
  vat_number: null,
  custom_taxes: [{ name: 'T***', tax_code: 'T***', rate: '7' }],
  billing_address: { line1: 'H***', country: 'FR' },
  shipping_address: null,
};

const MASKED = {
  name: 'A***',
  alias: 'a***',
  billing_email: 'a***@acme.test',
  invoicing_emails: ['b***@acme.test'],
  phone: '***456',
  currency: 'EUR',
  is_tax_exempt: true,
  vat_number: '***789',
  custom_taxes: [{ name: 'C***', tax_code: 'C***', rate: '20.5' }],
  billing_address: { line1: 'M***', city: 'B***', country: 'DE' },
  shipping_address: { same_as_billing: false, address: { city: 'H***', country: 'DE' } },
};

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let bff: TestBff;
beforeEach(async () => {
  await bff.forgetFailures();
  bff.upstream.requests.length = 0;
});
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300' } });
});
afterAll(() => bff.stop());

describe('a patch that is applied', () => {
  it('has one intent and one outcome, whole', async () => {
    let atSending: StoredEvent[] = [];
    bff.upstream.readAs(BEFORE, ({ text }, response) => {
      void bff.events(1).then((events) => {
        atSending = events;
        answerJson(response, 200, { ...BEFORE, ...(JSON.parse(text) as object) });
      });
    });
    const startedAt = new Date().toISOString();
    const answer = await bff.patch(PATCH, {
      'X-Request-Id': 'req-applied',
      traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
      'User-Agent': 'frontend/1',
    });
    expect(answer.status).toBe(200);
    const [intent, outcome, ...others] = await eventsOf(answer);
    expect(others).toEqual([]);
    const both = {
      id: expect.stringMatching(UUID_V7) as unknown,
      operation_id: operationOf(answer),
      occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
      tenant_id: 'acme',
      actor: {
        type: 'user',
        sub: 'user-1',
        client_id: 'frontend',
        scopes: ['customers:write', 'audit:read'],
      },
      origin: { ip: '127.0.0.1', user_agent: 'frontend/1' },
      request_id: 'req-applied',
      trace_id: TRACE,
      action: 'customer.patch',
      target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
      credential: { version: 1, fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
    };
    expect(intent).toEqual({
      ...both,
      phase: 'intent',
      outcome: 'pending',
      status: null,
      upstream: null,
      changes: Object.entries(MASKED).map(([field, after]) => changed(field, after)),
    });
    expect(outcome).toEqual({
      ...both,
      phase: 'outcome',
      outcome: 'applied',
      status: 200,
      upstream: { status: 200, attempts: 1, duration_ms: expect.any(Number) as unknown },
      changes: Object.keys(MASKED).map((field) => ({ field, effect: effectOf(field) })),
    });
    const operation = await bff.send('GET', `/api/v1/operations/${operationOf(answer)}`);
    expect(operation.body).toMatchObject({
      changes: Object.entries(MASKED).map(([field, after]) => ({
        ...changed(field, after),
        effect: effectOf(field),
      })),
    });
    expect(bff.upstream.methods).toEqual(['GET', 'PATCH']);
    expect(operationOf(answer)).toMatch(UUID_V7);
    expect(String(intent?.['id']) < String(outcome?.['id'])).toBe(true);
    expect(String(intent?.['occurred_at']) >= startedAt).toBe(true);
    expect(String(outcome?.['occurred_at']) >= String(intent?.['occurred_at'])).toBe(true);
    // The intent was durable when the patch arrived, and alone.
    expect(ofOperation(atSending, answer)).toEqual([intent]);
  });

  it('says which value the answer does not show', async () => {
    bff.upstream.readAs(BEFORE, (_request, response) => {
      answerJson(response, 200, { ...BEFORE, name: 'Acme GmbH', phone: '+4930123456' });
    });
    const patch = { name: 'Acme GmbH', phone: '+49 30 123456', currency: 'EUR' };
    const answer = await bff.patch(patch);
    const [, outcome] = await eventsOf(answer);
    expect(outcome?.['outcome']).toBe('applied');
    const { after_commitment } = COMMITTED;
    expect(outcome?.['changes']).toEqual([
      { field: 'name', effect: 'applied' },
      { field: 'phone', after: '***456', after_commitment, effect: 'normalised' },
      { field: 'currency', after: 'USD', after_commitment, effect: 'ignored' },
    ]);
    const operation = await bff.send('GET', `/api/v1/operations/${operationOf(answer)}`);
    expect(operation.body).toMatchObject({
      changes: [
        { ...COMMITTED, field: 'name', before: 'G***', after: 'A***', effect: 'applied' },
        { ...COMMITTED, field: 'phone', before: '***654', after: '***456', effect: 'normalised' },
        { ...COMMITTED, field: 'currency', before: 'USD', after: 'USD', effect: 'ignored' },
      ],
    });
  });

  it('by alias masks the alias and learns the id with the read', async () => {
    bff.upstream.readAs(BEFORE, (_request, response) => {
      answerJson(response, 200, CUSTOMER);
    });
    const path = '/api/v1/customers/acme-berlin';
    const [intent, outcome] = await eventsOf(await bff.send('PATCH', path, { name: 'Acme GmbH' }));
    for (const event of [intent, outcome])
      expect(event?.['target']).toEqual({ ref: 'a***', customer_id: CUSTOMER.id });
    expect(bff.upstream.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${path}`,
      `PATCH ${CUSTOMER_PATH}`,
    ]);
  });

  it('by a service for another tenant stands in that tenant’s trail, under the service’s name', async () => {
    bff.upstream.readAs(BEFORE, (_request, response) => {
      answerJson(response, 200, CUSTOMER);
    });
    const claims: JWTPayload = {
      sub: 'importer',
      client_id: 'importer',
      scope: 'customers:write tenants:any',
      tenant_id: undefined,
    };
    const headers = { Authorization: `Bearer ${await bff.idp.token(claims)}`, 'X-Tenant-Id': 'globex' };
    const events = await eventsOf(await bff.patch({ name: 'Acme GmbH' }, headers));
    expect(events).toHaveLength(2);
    for (const event of events) {
      expect(event).toMatchObject({
        tenant_id: 'globex',
        actor: {
          type: 'service',
          sub: 'importer',
          client_id: 'importer',
          scopes: ['customers:write', 'tenants:any'],
        },
      });
    }
  });
});

it('a caller who hangs up changes nothing: the patch is finished and recorded', async () => {
  const recorded = (await bff.events(0)).length;
  const headers = { Authorization: `Bearer ${await bff.idp.token()}`, 'Content-Type': 'application/json' };
  const request = httpRequest(`${bff.url}${CUSTOMER_PATH}`, { method: 'PATCH', headers });
  request.on('error', () => undefined);
  const hungUp = new Promise((resolve) => request.once('close', resolve));
  bff.upstream.readAs(BEFORE, (_request, response) => {
    request.destroy();
    void hungUp.then(() => {
      answerJson(response, 200, CUSTOMER);
    });
  });
  request.end('{"name":"Acme GmbH"}');
  const events = (await bff.events(recorded + 2)).slice(recorded);
  expect(events.map(({ outcome }) => outcome)).toEqual(['pending', 'applied']);
  const list = await bff.send('GET', '/api/v1/audit-events?limit=2&action=customer.patch');
  expect(list.body).toMatchObject({ data: [{ outcome: 'applied' }, { outcome: 'pending' }] });
  expect(bff.upstream.methods).toEqual(['GET', 'PATCH']);
});

const COMMITMENT = expect.stringMatching(/^[0-9a-f]{64}$/) as unknown;
const COMMITTED = { before_commitment: COMMITMENT, after_commitment: COMMITMENT };

/** Without `before` of what no answer shows. */
function changed(field: string, after: unknown): object {
  const before = { before: MASKED_BEFORE[field], before_commitment: COMMITMENT };
  return { field, ...(field in MASKED_BEFORE ? before : {}), after, after_commitment: COMMITMENT };
}

function effectOf(field: string): string {
  return field === 'is_tax_exempt' ? 'unverifiable' : 'applied';
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function operationOf({ headers }: TestAnswer): string {
  return headers.get('x-operation-id') ?? 'none';
}

/** Those of the operation, oldest first, as they are when the answer is there: no waiting. */
async function eventsOf(answer: TestAnswer): Promise<StoredEvent[]> {
  return ofOperation(await bff.events(0), answer);
}

function ofOperation(events: readonly StoredEvent[], answer: TestAnswer): StoredEvent[] {
  return events.filter((event) => event['operation_id'] === operationOf(answer));
}
