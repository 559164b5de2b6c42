import { request as httpRequest } from 'node:http';
import type { JWTPayload } from 'jose';
import {
  CUSTOMER_PATH,
  startBff,
  type StoredEvent,
  type TestAnswer,
  type TestBff,
} from './support/start-bff.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

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
beforeEach(() => bff.forgetRejections());
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300' } });
});
afterAll(() => bff.stop());

describe('a patch that is applied', () => {
  it('has one intent and one outcome, whole', async () => {
    const usual = bff.upstream.answer;
    let atSending: StoredEvent[] = [];
    bff.upstream.answer = (request, response) => {
      void bff.events(1).then((events) => {
        atSending = events;
        usual(request, response);
      });
    };
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
      changes: Object.entries(MASKED).map(([field, after]) => ({ field, after })),
    });
    expect(outcome).toEqual({
      ...both,
      phase: 'outcome',
      outcome: 'applied',
      status: 200,
      upstream: { status: 200, attempts: 1, duration_ms: expect.any(Number) as unknown },
      changes: Object.entries(MASKED).map(([field, after]) => ({
        field,
        after,
        effect: field === 'is_tax_exempt' ? 'unverifiable' : 'applied',
      })),
    });
    expect(operationOf(answer)).toMatch(UUID_V7);
    expect(String(intent?.['id']) < String(outcome?.['id'])).toBe(true);
    expect(String(intent?.['occurred_at']) >= startedAt).toBe(true);
    expect(String(outcome?.['occurred_at']) >= String(intent?.['occurred_at'])).toBe(true);
    // The intent was durable when the patch arrived, and alone.
    expect(ofOperation(atSending, answer)).toEqual([intent]);
    bff.upstream.answer = usual;
  });

  it('says which value the answer does not show', async () => {
    bff.upstream.answerWith(200, { ...CUSTOMER, name: 'Acme GmbH', currency: 'USD' });
    const [, outcome] = await eventsOf(await bff.patch({ name: 'Acme GmbH', currency: 'EUR' }));
    expect(outcome?.['outcome']).toBe('applied');
    expect(outcome?.['changes']).toEqual([
      { field: 'name', after: 'A***', effect: 'applied' },
      { field: 'currency', after: 'EUR', effect: 'unverifiable' },
    ]);
  });

  it('by alias masks the alias and learns the id with the answer', async () => {
    bff.upstream.answerWith(200, CUSTOMER);
    const path = '/api/v1/customers/acme-berlin';
    const [intent, outcome] = await eventsOf(await bff.send('PATCH', path, { name: 'Acme GmbH' }));
    expect(intent?.['target']).toEqual({ ref: 'a***', customer_id: null });
    expect(outcome?.['target']).toEqual({ ref: 'a***', customer_id: CUSTOMER.id });
  });

  it('by a service for another tenant stands in that tenant’s trail, under the service’s name', async () => {
    bff.upstream.answerWith(200, CUSTOMER);
    const claims: JWTPayload = {
      sub: 'importer',
      client_id: 'importer',
      scope: 'customers:write tenants:any',
      tenant_id: undefined,
    };
    const headers = { Authorization: `Bearer ${await bff.idp.token(claims)}`, 'X-Tenant-Id': 'globex' };
    for (const event of await eventsOf(await bff.patch({ name: 'Acme GmbH' }, headers))) {
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
  const sent = bff.upstream.requests.length;
  const headers = { Authorization: `Bearer ${await bff.idp.token()}`, 'Content-Type': 'application/json' };
  const request = httpRequest(`${bff.url}${CUSTOMER_PATH}`, { method: 'PATCH', headers });
  request.on('error', () => undefined);
  const hungUp = new Promise((resolve) => request.once('close', resolve));
  bff.upstream.answer = (_request, response) => {
    request.destroy();
    void hungUp.then(() => {
      answerJson(response, 200, CUSTOMER);
    });
  };
  request.end('{"name":"Acme GmbH"}');
  const events = (await bff.events(recorded + 2)).slice(recorded);
  expect(events.map(({ outcome }) => outcome)).toEqual(['pending', 'applied']);
  const list = await bff.send('GET', '/api/v1/audit-events?limit=2');
  expect(list.body).toMatchObject({ data: [{ outcome: 'applied' }, { outcome: 'pending' }] });
  expect(bff.upstream.requests).toHaveLength(sent + 1);
});

type End = [string, number, string, number | null, TestUpstream['answer'] | 'stopped'];

const answered =
  (status: number, body = '{"code":"X","message":"told"}'): TestUpstream['answer'] =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);

describe('a patch that is not applied has an outcome that says so', () => {
  it.each<End>([
    ['400', 400, 'rejected', 400, answered(400)],
    ['422', 400, 'rejected', 422, answered(422)],
    ['404', 404, 'rejected', 404, answered(404)],
    ['409', 409, 'rejected', 409, answered(409)],
    ['401', 502, 'not_applied', 401, answered(401)],
    ['403', 502, 'not_applied', 403, answered(403)],
    ['nothing listens', 502, 'not_applied', null, 'stopped'],
    ['500', 502, 'unknown', 500, answered(500)],
    ['502', 502, 'unknown', 502, answered(502)],
    ['an unreadable 200', 502, 'unknown', 200, answered(200, '<html>')],
    ['a reset', 502, 'unknown', null, (_request, response) => void response.socket?.destroy()],
    ['no answer', 504, 'unknown', null, () => undefined],
  ])('%s', async (_, status, outcome, upstreamStatus, answer) => {
    if (answer === 'stopped') await bff.upstream.stop();
    else bff.upstream.answer = answer;
    const got = await bff.patch({ name: 'Acme GmbH', currency: 'EUR' });
    if (answer === 'stopped') await bff.upstream.listen();
    expect(got.status).toBe(status);
    const [intent, end, ...others] = await eventsOf(got);
    expect(others).toEqual([]);
    expect(intent).toMatchObject({ phase: 'intent', outcome: 'pending', status: null });
    const effect = outcome === 'unknown' ? 'unverifiable' : 'not_applied';
    expect(end).toMatchObject({
      phase: 'outcome',
      outcome,
      status,
      upstream: { status: upstreamStatus, attempts: expect.any(Number) as unknown },
      target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
      changes: [
        { field: 'name', after: 'A***', effect },
        { field: 'currency', after: 'EUR', effect },
      ],
    });
    expect(JSON.stringify([intent, end])).not.toContain('told');
    expect(got.headers.get('location')).toBe(
      outcome === 'unknown' ? `/api/v1/operations/${operationOf(got)}` : null,
    );
    if (outcome === 'unknown') expect(got.body).toMatchObject({ outcome, operation_id: operationOf(got) });

    const operation = await bff.send('GET', `/api/v1/operations/${operationOf(got)}`);
    expect(operation.body).toMatchObject({ id: operationOf(got), status: outcome });
  });
});

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
