import { sql } from 'kysely';
import { AuditWriter } from '../src/audit/audit-writer.js';
import { InFlight } from '../src/runtime/in-flight.js';
import { ManualClock } from './support/manual-clock.js';
import { CUSTOMER_PATH, startBff, type StoredEvent, type TestBff } from './support/start-bff.js';
import { CUSTOMER, type TestUpstream } from './support/upstream.js';

const MINUTE = 60_000;

let clock: ManualClock;
let bff: TestBff;
/** Answers with the customer, patched or not. */
let usual: TestUpstream['answer'];
beforeAll(async () => {
  clock = new ManualClock();
  bff = await startBff({ clock });
  usual = bff.upstream.answer;
});
afterAll(() => bff.stop());

/** A caller that no other test knows. */
let sub = '';
let callers = 0;
beforeEach(() => {
  callers += 1;
  sub = `refused-${callers}`;
});

describe('the event of a refusal', () => {
  it('says who was refused what, with the names of fields and no values', async () => {
    const traceparent = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    const answer = await bff.patch(
      { name: '', currency: 'XXX', billing_address: { country: 'Atlantis' }, 'secret member': 1 },
      { ...(await authorization()), 'X-Request-Id': 'refused-req', traceparent, 'User-Agent': 'frontend/1' },
    );
    expect(answer.status).toBe(400);
    const [event, ...others] = await refusals(1);
    expect(others).toEqual([]);
    expect(event).toEqual({
      id: expect.stringMatching(UUID_V7) as unknown,
      operation_id: null,
      occurred_at: new Date(clock.now()).toISOString(),
      tenant_id: 'acme',
      actor: { type: 'user', sub, client_id: 'frontend', scopes: ['customers:write', 'audit:read'] },
      origin: { ip: '127.0.0.1', user_agent: 'frontend/1' },
      request_id: 'refused-req',
      trace_id: 'ab'.repeat(16),
      action: 'access.refused',
      phase: 'refusal',
      target: { ref: CUSTOMER.id, customer_id: CUSTOMER.id },
      outcome: 'refused',
      status: 400,
      upstream: null,
      credential: null,
      changes: expect.any(Array) as unknown,
      problem: 'validation-failed',
      count: 1,
    });
    const fields = (event?.['changes'] as { field: string }[]).map(({ field }) => field);
    expect(fields.sort()).toEqual(['billing_address', 'currency', 'name']);
    expect(JSON.stringify(event)).not.toMatch(/XXX|Atlantis|secret member/);
  });

  it('is of a service when the client is its own subject', async () => {
    const headers = await authorization({ client_id: undefined, azp: sub, scope: 'openid' });
    expect((await bff.patch({ name: 'Acme' }, headers)).status).toBe(403);
    const [event] = await refusals(1);
    expect(event).toMatchObject({
      actor: { type: 'service', sub, client_id: sub, scopes: ['openid'] },
      status: 403,
      problem: 'insufficient-scope',
      changes: [],
    });
  });

  it('masks an alias in the path', async () => {
    const headers = await authorization({ scope: '' });
    await bff.send('PATCH', '/api/v1/customers/secret-alias', { name: 'Acme' }, headers);
    const [event] = await refusals(1);
    expect(event?.['target']).toEqual({ ref: 's***', customer_id: null });
  });

  it('is found by the id in the path, whatever was asked of the customer', async () => {
    const id = `cus_refused${callers}`;
    const reading = await authorization({ scope: 'audit:read' });
    const erasing = await authorization({ scope: 'audit:read', client_id: 'eraser' });
    const refused = await Promise.all([
      bff.send('GET', `/api/v1/customers/${id}`, undefined, reading),
      bff.send('DELETE', `/api/v1/customers/${id}/personal-data`, undefined, erasing),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([403, 403]);
    await refusals(2);
    const { body } = await bff.send('GET', `/api/v1/audit-events?customer=${id}`, undefined, reading);
    const found = (body as { data: StoredEvent[] }).data;
    expect(found.map(({ target }) => target)).toEqual(Array(2).fill({ ref: id, customer_id: id }));
  });

  it.each<[string, Record<string, unknown>, Record<string, string>, string, string | null]>([
    ['another tenant by header', {}, { 'X-Tenant-Id': 'globex' }, 'tenant-forbidden', 'acme'],
    ['a suspended tenant', { tenant_id: 'initech' }, {}, 'tenant-suspended', 'initech'],
    ['no such tenant', { tenant_id: 'nobody' }, {}, 'tenant-unknown', null],
    ['no tenant', { tenant_id: undefined }, {}, 'tenant-forbidden', null],
  ])('stands in the trail of the caller’s own tenant: %s', async (_, claims, headers, problem, tenantId) => {
    const answer = await bff.patch({ name: 'Acme' }, { ...(await authorization(claims)), ...headers });
    expect(answer.status).toBe(403);
    const [event] = await refusals(1);
    expect(event).toMatchObject({ problem, status: 403, count: 1, tenant_id: tenantId });
  });

  it.each<[string, (headers: Record<string, string>) => Promise<unknown>, string]>([
    [
      'a path that leads nowhere for a known caller',
      (headers) => bff.send('GET', `${OPERATIONS}/${NO_ID}`, undefined, headers),
      'not-found',
    ],
    ['malformed JSON', (headers) => bff.patch('{', headers), 'malformed-json'],
    [
      'another media type',
      (headers) => bff.patch('{}', { ...headers, 'Content-Type': 'text/plain' }),
      'unsupported-media-type',
    ],
    [
      'a body that is too large',
      (headers) => bff.patch({ name: 'x'.repeat(70_000) }, headers),
      'payload-too-large',
    ],
    [
      'a bad filter',
      (headers) => bff.send('GET', '/api/v1/audit-events?limit=0', undefined, headers),
      'validation-failed',
    ],
    [
      'a reference that no URL can address',
      (headers) => bff.send('PATCH', '/api/v1/customers/a%20b', { name: 'x' }, headers),
      'validation-failed',
    ],
  ])('is there for %s', async (_, send, problem) => {
    await send(await authorization());
    const [event] = await refusals(1);
    expect(event).toMatchObject({ action: 'access.refused', outcome: 'refused', problem });
  });

  it('is not there for a token that is not valid, a public route, or our own failure', async () => {
    await bff.patch({ name: '' }, await authorization({ exp: 1 }));
    const fault = refuseRowsWith('intent');
    expect((await bff.patch({ name: 'Acme' }, await authorization())).status).toBe(503);
    fault.mockRestore();
    await refuse({}, 1); // goes through the same queue, behind anything that were there
    expect(await refusals(1)).toHaveLength(1);
  });

  it('is not there beside the outcome of a patch that was sent and refused', async () => {
    bff.upstream.answerWith(422, { code: 'BAD_REQUEST', message: 'no' });
    expect((await bff.patch({ name: 'Acme' }, await authorization())).status).toBe(400);
    await refuse({}, 1);
    expect(await refusals(1)).toHaveLength(1);
  });
});

describe('many refusals', () => {
  it('of one caller and problem are one event a minute, with a count', async () => {
    await refuse({ scope: '' }, 25);
    await refusals(1);
    clock.advance(MINUTE);
    const first = await refusals(2);
    expect(first).toHaveLength(2);
    expect(countOf(first)).toBe(25);

    await refuse({ scope: '' }, 10);
    clock.advance(MINUTE - 1);
    await refuse({ scope: 'openid' }, 5);
    clock.advance(1);
    const second = await refusals(3);
    expect(second).toHaveLength(3);
    expect(countOf(second)).toBe(40);

    clock.advance(10 * MINUTE);
    await refuse({ scope: '' }, 1);
    const third = await refusals(4);
    expect(third).toHaveLength(4);
    expect(countOf(third)).toBe(41);
  });

  it('of several callers or problems are told apart', async () => {
    const me = sub;
    await refuse({ scope: '' }, 3);
    await bff.patch({ name: 'Acme' }, { ...(await authorization()), 'X-Tenant-Id': 'globex' });
    sub = `${me}-other`;
    await refuse({ scope: '' }, 2);
    clock.advance(MINUTE);
    expect(countOf(await refusals(2))).toBe(2);
    sub = me;
    const events = await refusals(3);
    const countsBy = (problem: string): number =>
      countOf(events.filter((event) => event['problem'] === problem));
    expect([countsBy('insufficient-scope'), countsBy('tenant-forbidden')]).toEqual([3, 1]);
  });

  it('neither delay a patch nor change its answer while they can’t be stored', async () => {
    const fault = refuseRowsWith('access.refused');
    bff.upstream.answer = usual;
    const good = await authorization();
    const ids: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([
        bff.patch({ name: 'Acme' }, await authorization({ scope: '' })),
        bff.patch({ name: 'Acme AG' }, good),
        bff.patch({ name: '' }, await authorization()),
        bff.patch({ name: 'Acme AG' }, good),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([403, 200, 400, 200]);
      ids.push(...answers.map(({ headers }) => headers.get('x-request-id') ?? ''));
      clock.advance(1);
    }
    fault.mockRestore();
    await untilCounted(ids);
    clock.advance(MINUTE);
    clock.advance(MINUTE);
    expect(countOf(await refusals(4))).toBe(10);
  });
});

it('a refusal of a reference with NUL, which a database takes in no text, is stored and blocks no other', async () => {
  const own = await startBff({ clock: new ManualClock() });
  try {
    await own.send('PATCH', '/api/v1/customers/%00abc', { name: 'Acme' });
    await own.send('GET', `${OPERATIONS}/${NO_ID}`);
    const events = await own.events(2);
    expect(events.map(({ problem }) => problem).sort()).toEqual(['not-found', 'validation-failed']);
  } finally {
    await own.stop();
  }
});

it('what was only counted so far is stored when the service stops', async () => {
  const own = await startBff({ clock: new ManualClock() });
  const executor = own.database.kysely.getExecutor();
  const stored = jest.spyOn(executor, 'executeQuery');
  const token = await own.idp.token({ scope: '' });
  for (let i = 0; i < 4; i += 1) await own.patch({ name: 'x' }, { Authorization: `Bearer ${token}` });
  await own.events(1);
  await own.stop();
  const rows = stored.mock.calls.flatMap(([{ parameters }]) =>
    parameters.filter((value) => typeof value === 'string'),
  );
  const events = rows
    .filter((text) => text.startsWith('['))
    .flatMap((text) => JSON.parse(text) as { problem?: string; problem_count?: number }[])
    .flatMap(({ problem, problem_count: count }) => (problem === undefined ? [] : [{ count }]));
  expect(countOf(events)).toBe(4);
});

const OPERATIONS = '/api/v1/operations';
const NO_ID = '01890000-0000-7000-8000-000000000000';
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function authorization(claims: Record<string, unknown> = {}): Promise<Record<string, string>> {
  return {
    Authorization: `Bearer ${await bff.idp.token({ sub, exp: clock.now() / 1000 + 300, ...claims })}`,
  };
}

/** The database takes no rows any more that have this value in a column. */
function refuseRowsWith(value: string): jest.SpyInstance {
  const executor = bff.database.kysely.getExecutor();
  const execute = executor.executeQuery.bind(executor);
  const column = `:${JSON.stringify(value)}`;
  return jest.spyOn(executor, 'executeQuery').mockImplementation((query, ...rest) => {
    const has = query.parameters.some((rows) => typeof rows === 'string' && rows.includes(column));
    return has ? Promise.reject(new Error('gone')) : execute(query, ...rest);
  });
}

/** Resolves when all of them are counted, which happens behind the answers. */
async function refuse(claims: Record<string, unknown>, times: number): Promise<void> {
  const headers = await authorization(claims);
  const body = claims['scope'] === undefined ? { name: '' } : { name: 'Acme' };
  const ids: string[] = [];
  for (let i = 0; i < times; i += 1) {
    const { status, headers: answered } = await bff.send('PATCH', CUSTOMER_PATH, body, headers);
    expect([400, 403]).toContain(status);
    ids.push(answered.get('x-request-id') ?? '');
  }
  await untilCounted(ids);
}

async function untilCounted(ids: readonly string[]): Promise<void> {
  // The log line of a request comes just before its refusal is looked at.
  const deadline = Date.now() + 10_000;
  while (!ids.every((id) => bff.logs().includes(id))) {
    if (Date.now() > deadline) throw new Error('a request has no log line');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await bff.app.get(InFlight).ended();
}

/** This test's caller's refusals, oldest first, once there are `count`. */
async function refusals(count: number): Promise<StoredEvent[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { rows } = await sql<{ event: string }>`
      select event from audit_event where phase = 'refusal' and actor_sub = ${sub} order by id`.execute(
      bff.database.kysely,
    );
    if (rows.length >= count) return rows.map(({ event }) => JSON.parse(event) as StoredEvent);
    if (Date.now() > deadline) throw new Error(`${rows.length} refusals instead of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function countOf(events: readonly StoredEvent[]): number {
  return events.reduce((sum, event) => sum + Number(event['count']), 0);
}

it('a refusal that cannot be recorded costs an error line, and nothing else', async () => {
  const full = jest.spyOn(bff.app.get(AuditWriter), 'appendLater').mockImplementation(() => {
    throw new Error('no room');
  });
  const headers = { ...(await authorization()), 'X-Request-Id': 'not-recorded' };
  expect((await bff.patch({}, headers)).status).toBe(400);
  const deadline = Date.now() + 10_000;
  while (!bff.logs().includes('a refusal could not be recorded')) {
    if (Date.now() > deadline) throw new Error('there is no error line');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  full.mockRestore();
  const line = bff
    .logs()
    .split('\n')
    .find((text) => text.includes('a refusal could not be recorded'));
  expect(JSON.parse(line ?? '')).toMatchObject({ level: 50, request_id: 'not-recorded' });
});
