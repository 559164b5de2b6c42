import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import * as faults from './support/faults.js';
import { until } from './support/audit-log.js';
import { skipLooks } from './support/reconciling.js';
import { letPass, makeOlder } from './support/passing-time.js';
import { SkippingClock } from './support/skipping-clock.js';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { StatefulUpstream } from './support/stateful-upstream.js';

const { after, before } = faults;
const PATCH = { name: 'New name' };
const DAY = 24 * 60 * 60_000;

const clock = new SkippingClock();
let bff: TestBff;
let upstream: StatefulUpstream;
beforeAll(async () => {
  const settings = { BILLING_API_TIMEOUT_MS: '400', REQUEST_DEADLINE_MS: '3000' };
  bff = await startBff({ settings, clock, reconciles: true });
  upstream = new StatefulUpstream(bff.upstream);
});
let key = '';
let count = 0;
beforeEach(async () => {
  await bff.forgetFailures();
  upstream.reset();
  count += 1;
  key = `"key-${count}"`;
});
afterAll(() => bff.stop());

const patch = (body: object = PATCH, headers: Record<string, string> = {}): Promise<TestAnswer> =>
  bff.patch(body, { 'Idempotency-Key': key, ...headers });
const replayed = ({ headers }: TestAnswer): string | null => headers.get('idempotency-replayed');
const operationOf = ({ headers }: TestAnswer): string | null => headers.get('x-operation-id');

it('the same request gets the same answer, and nothing is sent again', async () => {
  const first = await patch();
  upstream.write({ name: 'Somebody else’s' });
  const second = await patch();

  expect(replayed(first)).toBeNull();
  expect(replayed(second)).toBe('true');
  expect(second.status).toBe(200);
  expect(second.body).toEqual(first.body);
  for (const header of ['x-operation-id', 'etag', 'content-location'])
    expect(second.headers.get(header)).toBe(first.headers.get(header));
  expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
  expect(upstream.methods).toEqual(['GET', 'PATCH']);
});

it('a refusal is forgotten with the customer: a replay knows that it was refused, not what was said', async () => {
  const told = { code: 'BAD_REQUEST', message: 'Mallory may not be renamed.' };
  upstream.plan('PATCH', before(faults.status(422, told)));
  const first = await patch();
  expect(first.body).toMatchObject({ status: 400, detail: told.message });
  expect((await patch()).body).toMatchObject({ detail: told.message });

  const Authorization = `Bearer ${await bff.idp.token({ scope: 'privacy:erase' })}`;
  await bff.send('DELETE', `${CUSTOMER_PATH}/personal-data`, undefined, { Authorization });
  const again = await patch();
  expect(again).toMatchObject({ status: 400, body: { outcome: 'rejected' } });
  expect([replayed(again), operationOf(again)]).toEqual(['true', operationOf(first)]);
  expect(JSON.stringify(again.body)).not.toContain('Mallory');
  expect(upstream.methods).toEqual(['GET', 'PATCH']);
});

it('the order of members and white space make no other request', async () => {
  await patch({ name: 'A', phone: '123' });
  const { headers, status } = await bff.patch('{ "phone":"123",\n"name":"A" }', { 'Idempotency-Key': key });
  expect([status, headers.get('idempotency-replayed')]).toEqual([200, 'true']);
});

it.each<[string, () => Promise<TestAnswer>]>([
  ['another body', (): Promise<TestAnswer> => patch({ name: 'Another' })],
  ['another customer', (): Promise<TestAnswer> => to('/api/v1/customers/acme')],
  ['If-Match', (): Promise<TestAnswer> => patch(PATCH, { 'If-Match': '*' })],
])('with %s the key is refused', async (_what, request) => {
  await patch();
  upstream.reset();
  const answer = await request();

  expect(answer).toMatchObject({
    status: 422,
    body: { type: 'urn:billing-bff:problem:idempotency-key-reused', code: 'BAD_REQUEST' },
  });
  expect(upstream.methods).toEqual([]);
});

it.each([
  ['person', { sub: 'user-2' }],
  ['client', { client_id: 'other' }],
  ['tenant', { tenant_id: 'globex' }],
])('another %s has keys of their own', async (_who, claims) => {
  await patch();
  const other = await patch(PATCH, { Authorization: `Bearer ${await tokenWith(claims)}` });
  expect([other.status, replayed(other)]).toEqual([200, null]);
});

it('while the first is running, the second is told so', async () => {
  let go = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    upstream.plan('PATCH', (exchange) => {
      go = () => {
        void after(faults.status(200, { ...upstream.customer, ...PATCH }))(exchange);
      };
      resolve();
    });
  });
  const first = patch();
  await asked;
  const second = await patch();
  go();

  expect(second).toMatchObject({
    status: 409,
    body: { type: 'urn:billing-bff:problem:idempotency-in-flight', code: 'CONFLICT' },
  });
  expect(second.headers.get('retry-after')).toBe('1');
  expect((await first).status).toBe(200);
  expect(replayed(await patch())).toBe('true');
});

it.each<[string, number, faults.Wire]>([
  ['404', 404, faults.status(404, { code: 'NOT_FOUND', message: 'x' })],
  ['409', 409, faults.status(409, { code: 'CONFLICT', message: 'The alias is taken.' })],
  ['400', 400, faults.status(422, { code: 'BAD_REQUEST', message: 'No.' })],
])('a definite %s is repeated', async (_what, status, wire) => {
  upstream.plan('PATCH', before(wire));
  const first = await patch();
  const second = await patch();

  expect([first.status, second.status]).toEqual([status, status]);
  expect(replayed(second)).toBe('true');
  const { request_id: _1, instance: _2, ...said } = first.body as Record<string, unknown>;
  expect(second.body).toMatchObject(said);
  expect(operationOf(second)).toBe(operationOf(first));
  expect(bff.upstream.patches).toHaveLength(1);
});

it.each<[string, faults.Wire]>([
  ['429', faults.status(429, {}, { 'Retry-After': '3600' })],
  ['503', faults.status(503, {}, { 'Retry-After': '3600' })],
  ['401', faults.status(403, {})],
  ['its own 500', faults.ownFailure],
])('what came to nothing frees the key: %s', async (_what, wire) => {
  upstream.plan('PATCH', before(wire));
  expect((await patch()).body).toMatchObject({ outcome: 'not_applied' });
  const second = await patch();
  expect([second.status, replayed(second)]).toEqual([200, null]);
});

it('faults of the body leave the key free', async () => {
  expect((await patch({ name: '' })).status).toBe(400);
  expect((await patch()).status).toBe(200);
});

describe('an unknown end', () => {
  it('is repeated, and nothing is sent again, until it is known to be applied; then that is answered', async () => {
    let land = (): void => undefined;
    upstream.plan('PATCH', ({ response, serve }) => {
      land = () => void serve();
      faults.gateway(504)(response, {});
    });
    const first = await patch();
    const second = await patch();
    for (const answer of [first, second]) {
      expect(answer).toMatchObject({ status: 502, body: { outcome: 'unknown' } });
      expect(answer.headers.get('location')).toBe(`/api/v1/operations/${operationOf(first)}`);
    }
    land();
    await skipLooks(bff, clock);
    const third = await patch();

    expect(third).toMatchObject({ status: 200, body: PATCH });
    expect([replayed(third), operationOf(third)]).toEqual(['true', operationOf(first)]);
    expect((await patch()).body).toEqual(third.body);
    expect(bff.upstream.patches).toHaveLength(1);
  });

  it('after "come back later" is repeated with its Retry-After', async () => {
    upstream.plan('PATCH', after(faults.status(503, {}, { 'Retry-After': '60' })));
    upstream.always = { GET: before(faults.ownFailure) };
    const first = await patch();
    const second = await patch();

    for (const answer of [first, second]) {
      expect(answer).toMatchObject({ status: 503, body: { outcome: 'unknown' } });
      expect(answer.headers.get('retry-after')).toBe('60');
      expect(answer.headers.get('location')).toBe(`/api/v1/operations/${operationOf(first)}`);
    }
    expect([replayed(first), replayed(second)]).toEqual([null, 'true']);
    expect(bff.upstream.patches).toHaveLength(1);
  });

  it('that turns out to be nothing is said once, and frees the key', async () => {
    upstream.plan('PATCH', before(faults.gateway(504)));
    const first = await patch();
    await skipLooks(bff, clock);
    const second = await patch();
    const third = await patch();

    expect(second).toMatchObject({ status: 502, body: { outcome: 'not_applied' } });
    expect(operationOf(second)).toBe(operationOf(first));
    expect([third.status, replayed(third)]).toEqual([200, null]);
    expect(bff.upstream.patches).toHaveLength(2);
  });
});

it('after a day it is forgotten', async () => {
  await patch();
  await letPass(bff, clock, DAY + 1_000);
  expect(replayed(await patch())).toBeNull();
});

it.each(['', 'a b', 'ä', 'x'.repeat(256), 'a\tb'])('this is no key: %j', async (bad) => {
  const answer = await bff.patch(PATCH, { 'Idempotency-Key': bad }).catch(() => undefined);
  // Some never leave the client.
  if (answer !== undefined) {
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ header: 'Idempotency-Key' }] } });
  }
  expect(upstream.methods).toEqual([]);
});

it('no key, no answer and no value is kept in clear', async () => {
  await patch({ name: 'Visible Name GmbH', billing_email: 'anna@acme.test' });
  const rows = await bff.database.kysely.selectFrom('idempotency_key').selectAll().execute();
  const dump = JSON.stringify(rows);
  expect(rows.length).toBeGreaterThan(0);
  for (const secret of [key.replaceAll('"', ''), 'Visible', 'anna', 'user-1', 'frontend'])
    expect(dump).not.toContain(secret);
});

const to = (path: string): Promise<TestAnswer> => bff.send('PATCH', path, PATCH, { 'Idempotency-Key': key });

function tokenWith(claims: object): Promise<string> {
  const ahead = Math.max(0, clock.now() - Date.now());
  return bff.idp.token({ ...claims }, { expiresIn: 300 + Math.ceil(ahead / 1_000) });
}

it('a patch that could not be recorded frees its key', async () => {
  const { kysely } = bff.database;
  await sql`alter table audit_record rename to hidden_record`.execute(kysely);
  upstream.plan('GET', async (exchange) => {
    // As long as the database refuses everything, the key can't be freed either.
    await sql`alter table idempotency_key rename to hidden_key`.execute(kysely);
    faults.status(200, exchange.serve())(exchange.response, {});
  });
  expect((await patch()).status).toBe(503);
  await sql`alter table hidden_record rename to audit_record`.execute(kysely);
  await sql`alter table hidden_key rename to idempotency_key`.execute(kysely);
  // The day that the key is kept for begins anew with the request that takes it over.
  await letPass(bff, clock, DAY - 5_000);
  let answer = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    upstream.plan('PATCH', ({ response, serve }) => {
      answer = () => {
        faults.status(200, serve())(response, {});
      };
      resolve();
    });
  });
  const again = patch();
  await arrived;
  await makeOlder(bff, 6_000);
  expect((await patch()).status).toBe(409);
  answer();
  expect([(await again).status, replayed(await again)]).toEqual([200, null]);
  expect(bff.upstream.patches).toHaveLength(1);
});

it('what has expired is swept, and the leases of the dead', async () => {
  await patch();
  const { kysely } = bff.database;
  const dead = { holder: randomUUID(), held_until: new Date() };
  await kysely
    .insertInto('lease')
    .values({ name: 'sealer', ...dead })
    .execute();
  await kysely
    .insertInto('customer_lease')
    .values({ tenant_id: 'acme', customer_id: 'c', ...dead })
    .execute();

  await letPass(bff, clock, DAY + 1_000);

  const left = async (): Promise<number> => {
    const { rows } = await sql<{ count: number }>`
      select (select count(*) from lease) + (select count(*) from customer_lease)
        + (select count(*) from idempotency_key) as count`.execute(kysely);
    return rows[0]?.count ?? 0;
  };
  await until(async () => (await left()) === 0, 'nothing was left');
});
