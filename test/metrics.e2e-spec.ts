import { readFileSync } from 'node:fs';
import { Metrics } from '../src/metrics/metrics.js';
import { RejectedTokens } from '../src/tenants/rejected-tokens.js';
import { SkippingClock } from './support/skipping-clock.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

let bff: TestBff;
beforeEach(async () => {
  bff = await startBff();
  bff.app.get(Metrics).watchLog({ dropped: 0 });
});
afterEach(() => bff.stop());

async function scrape(): Promise<string> {
  const { status, body } = await bff.send('GET', '/metrics', undefined, { Authorization: '' });
  expect(status).toBe(200);
  return String(body);
}

/** The value of a sample; undefined if there is none. */
async function sample(name: string): Promise<number | undefined> {
  const line = (await scrape()).split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

it('are those of the documentation, with their types and labels, and no others', async () => {
  const types = [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  const served = types.map(([, name, type]) => `${name} ${type}`).sort();
  const rows = [
    ...readFileSync('docs/reference/metrics.md', 'utf8').matchAll(/^\| `(\S+)` +\| (\S+) +\| ([^|]*)\|/gm),
  ];
  const documented = rows.map(([, name, type]) => `${name} ${type}`).sort();
  expect(served).toEqual(documented);
  const metrics = bff.app.get(Metrics).registry.getMetricsAsArray();
  const labelsOf = Object.fromEntries(
    metrics.map((metric) => [
      metric.name,
      'labelNames' in metric ? (metric.labelNames as string[]).join(', ') : '',
    ]),
  );
  for (const [, name = '', , labels = ''] of rows)
    expect([name, labelsOf[name]]).toEqual([name, labels.trim()]);
});

it('have a sample of 0 before anything happened, where alerts need one', async () => {
  for (const name of [
    'patches_total{outcome="unknown"}',
    'rate_limited_total{reason="rate"}',
    'jwks_fetches_total{result="failure"}',
    'billing_api_not_admitted_total{reason="breaker"}',
    'billing_api_breakers_open{scope="origin"}',
    'audit_events_dropped_total{phase="outcome"}',
    'audit_events_dropped_total{phase="event"}',
    'audit_events_set_aside_total{reason="not-canonical"}',
    'audit_log_alarms_total{reason="went-back"}',
    'reconciler_looks_total{result="failure"}',
    'audit_outcomes_delayed_total',
    'operations_unknown_oldest_seconds',
    'billing_api_waiting',
    'audit_queue_events{kind="urgent"}',
  ])
    expect([name, await sample(`billing_bff_${name}`)]).toEqual([name, 0]);
});

it('count requests by the pattern of their route, attempts at the billing API, batches and pools', async () => {
  await bff.patch({ name: 'Acme AG' });
  expect(await sample('billing_bff_audit_batch_events_count')).toBe(2);
  expect(await sample('billing_bff_audit_commit_duration_seconds_count{result="success"}')).toBe(2);
  await bff.send('GET', '/nowhere/secret-path');
  await bff.send('GET', `${CUSTOMER_PATH}x`);
  const requests = (method: string, route: string, status: number) =>
    sample(
      `billing_bff_http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"}`,
    );
  expect(await requests('PATCH', '/api/v1/customers/:id_or_alias', 200)).toBe(1);
  expect(await requests('any', 'unknown', 404)).toBe(1);
  const attempts = 'billing_bff_billing_api_request_duration_seconds_count';
  expect(await sample(`${attempts}{method="PATCH",result="success"}`)).toBe(1);
  expect(await sample('billing_bff_jwks_fetches_total{result="success"}')).toBe(1);
  if (bff.databaseSettings['DATABASE_URL'] !== undefined)
    expect(await sample('billing_bff_database_connections_max{pool="patches"}')).toBe(10);
  expect(await scrape()).not.toMatch(new RegExp(`secret-path|${CUSTOMER.id}`));
});

it('say why access tokens were refused, by claim and fault', async () => {
  const expired = await bff.idp.token({}, { expiresIn: -3_600 });
  for (const Authorization of ['', `Bearer ${expired}`, `Bearer ${expired}`])
    await bff.send('GET', CUSTOMER_PATH, undefined, { Authorization });
  const scope = `Bearer ${await bff.idp.token({ scope: 'audit:read' })}`;
  await bff.send('GET', CUSTOMER_PATH, undefined, { Authorization: scope });
  const rejected = (reason: string) => sample(`billing_bff_access_tokens_rejected_total{reason="${reason}"}`);
  expect(await rejected('authorization: none, or no single Bearer token')).toBe(1);
  expect(await rejected('exp: in the past')).toBe(2);
  expect(await rejected('scope: not enough')).toBe(1);
});

it('show operations at the billing API while they last, retries, and failures by kind', async () => {
  let arrived: () => void = () => undefined;
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  bff.upstream.readAs(CUSTOMER, (_request, response) => {
    arrived();
    void released.then(() => {
      answerJson(response, 429, {}, { 'Retry-After': '0' });
    });
  });
  const answer = bff.patch({ name: 'Acme AG' });
  await arrival;
  expect(await sample('billing_bff_billing_api_in_flight')).toBe(1);
  release();
  expect((await answer).status).toBe(429);
  expect(await sample('billing_bff_billing_api_in_flight')).toBe(0);
  expect(await sample('billing_bff_billing_api_retries_total{reason="retry-after"}')).toBe(1);
  const attempts = 'billing_bff_billing_api_request_duration_seconds_count';
  expect(await sample(`${attempts}{method="PATCH",result="rate-limited-by-billing"}`)).toBe(2);
});

it('show whose token the billing API rejects, for as long as it is the token of an active tenant', async () => {
  const clock = new SkippingClock();
  const own = await startBff({ clock });
  const admin = { Authorization: `Bearer ${await own.idp.token({ scope: 'tenants:admin tenants:any' })}` };
  /** By the next read of the database: the tenants, each with the value of its sample. */
  const rejected = async (): Promise<string[]> => {
    const read = jest.spyOn(own.app.get(RejectedTokens), 'read');
    clock.skip(15_000);
    await read.mock.results[0]?.value;
    read.mockRestore();
    const { body } = await own.send('GET', '/metrics', undefined, { Authorization: '' });
    return [
      ...String(body).matchAll(/^billing_bff_tenant_current_token_rejected\{tenant_id="(.*)"\} 1$/gm),
    ].map(([, tenant]) => tenant ?? '');
  };
  try {
    const path = '/api/v1/tenants/hooli';
    const stored = { name: 'Hooli', billing_api_url: own.upstream.url };
    await own.send('PUT', path, stored, admin);
    await own.send('PUT', `${path}/token`, { token: 'first' }, admin);
    expect(await rejected()).toEqual([]);
    own.upstream.answer = (_request, response) => response.writeHead(401).end();
    const caller = { Authorization: `Bearer ${await own.idp.token({ tenant_id: 'hooli' })}` };
    expect((await own.patch({ name: 'A' }, caller)).status).toBe(502);
    expect(await rejected()).toEqual(['hooli']);
    expect((await own.send('PUT', path, { ...stored, status: 'suspended' }, admin)).status).toBe(200);
    expect(await rejected()).toEqual([]);
    await own.send('PUT', path, stored, admin);
    expect(await rejected()).toEqual(['hooli']);
    await own.send('PUT', `${path}/token`, { token: 'second' }, admin);
    expect(await rejected()).toEqual([]);
  } finally {
    await own.stop();
  }
});

it('are scraped, and probes answered, without a log line below the level debug', async () => {
  await scrape();
  await bff.send('GET', '/health/live', undefined, { Authorization: '' });
  await bff.send('GET', '/nowhere');
  const lines = bff
    .logs()
    .split('\n')
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line) as { level: number; route: string });
  expect(Object.fromEntries(lines.map(({ route, level }) => [route, level]))).toMatchObject({
    ...{ '/metrics': 20, '/health/live': 20 },
    ...{ '(unknown)': 30 },
  });
});
