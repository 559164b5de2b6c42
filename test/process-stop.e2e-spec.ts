import { once } from 'node:events';
import { Agent, type ClientRequest, get, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { sql } from 'kysely';
import pino from 'pino';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { readEnvironment } from '../src/config/environment.js';
import { Database } from '../src/database/database.js';
import { SystemClock } from '../src/runtime/clock.js';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { patchRaw } from './support/raw-request.js';
import { answerJson, CUSTOMER, TestUpstream } from './support/upstream.js';

const BODY = '{"name":"Acme AG"}';
const PATH = `/api/v1/customers/${CUSTOMER.id}`;
/** Milliseconds that the billing API takes from the signal on: a process that did not wait would be gone. */
const SLOW = 500;

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
let bff: BffProcess;
let headers: Record<string, string>;
/** The upstream's answers to patches that wait for `letGo`. */
let held: ServerResponse[];
beforeEach(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
  held = [];
  upstream.readAs(CUSTOMER, (_request, response) => void held.push(response));
  const scope = 'customers:write audit:read';
  headers = { Authorization: `Bearer ${await idp.token({ scope })}`, 'Content-Type': 'application/json' };
});
afterEach(async () => {
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});

function letGo(): void {
  for (const response of held) answerJson(response, 200, { ...CUSTOMER, name: 'Acme AG' });
}

async function patch(agent?: Agent, body = BODY): Promise<{ status: number; operation: string }> {
  const request = { headers, body, ...(agent === undefined ? {} : { agent }) };
  const answer = await patchRaw(bff.url ?? '', PATH, request);
  return { status: answer.status, operation: String(answer.headers.get('x-operation-id')) };
}

/** The database of a process that is not running. */
async function inDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = new Database(
    readEnvironment(around.settings),
    pino({ enabled: false }),
    new SystemClock(),
  );
  await database.onModuleInit();
  try {
    return await work(database);
  } finally {
    await database.onApplicationShutdown();
  }
}

type Seen = Pick<AuditEvent, 'phase' | 'outcome' | 'operation_id' | 'count'>;

/** What is in the database that the process left, without what the tenants' file changed, newest first. */
async function trail(): Promise<Seen[]> {
  const query = (database: Database): Promise<{ event: string }[]> =>
    database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('actor_sub', '!=', 'tenants-file')
      .orderBy('id', 'desc')
      .execute();
  return (await inDatabase(query)).map(({ event }) => {
    const { phase, outcome, operation_id, count } = JSON.parse(event) as AuditEvent;
    return { phase, outcome, operation_id, ...(count === undefined ? {} : { count }) };
  });
}

it('SIGTERM while patches are in flight, one whose caller has hung up, and more signals: all are recorded whole, who waits is answered, the end is 0', async () => {
  bff = await BffProcess.start(around.settings);
  const [agent, leaving] = [new Agent({ keepAlive: true }), new Agent()];
  const answered = patch(agent);
  await bff.untilHeld(answered, () => held.length === 1);
  const left = patch(leaving);
  await bff.untilHeld(left, () => held.length === 2);
  leaving.destroy();
  await expect(left).rejects.toThrow();
  bff.signal('SIGTERM');
  await bff.until(() => refusesConnections(), 'the end of new connections');
  bff.signal('SIGTERM');
  bff.signal('SIGINT');
  setTimeout(letGo, SLOW);
  const { status, operation } = await answered;
  const answeredAt = Date.now();
  expect(status).toBe(200);
  expect(await bff.ended).toBe(0);
  // Not cut after the deadline of a request.
  expect(Date.now() - answeredAt).toBeLessThan(10_000);
  agent.destroy();
  const seen = await trail();
  const other = seen.find(({ operation_id }) => operation_id !== operation)?.operation_id;
  for (const operation_id of [operation, other])
    expect(seen.filter((event) => event.operation_id === operation_id)).toEqual([
      { phase: 'outcome', outcome: 'applied', operation_id },
      { phase: 'intent', outcome: 'pending', operation_id },
    ]);
  expect(seen).toHaveLength(4);
});

it('SIGINT with idle connections and an export that nobody reads: a soon end with 0, what was counted is stored', async () => {
  await fillTrail();
  bff = await BffProcess.start({ ...around.settings, REQUEST_DEADLINE_MS: '2000' });
  const agent = new Agent({ keepAlive: true });
  const answered = patch(agent);
  await bff.untilHeld(answered, () => held.length === 1);
  letGo();
  expect((await answered).status).toBe(200);
  for (let n = 0; n < 3; n += 1) expect((await patch(undefined, '{}')).status).toBe(400);
  const stalled = await stallExport();
  const { hostname, port } = new URL(bff.url ?? '');
  const silent = connect(Number(port), hostname);
  await new Promise((resolve) => silent.once('connect', resolve));
  const signalledAt = Date.now();
  bff.signal('SIGINT');
  expect(await bff.ended).toBe(0);
  expect(Date.now() - signalledAt).toBeLessThan(10_000);
  agent.destroy();
  silent.destroy();
  stalled.destroy();
  const refusals = (await trail()).filter(({ count }) => count !== undefined);
  expect(refusals).toMatchObject([{ count: 2 }, { count: 1 }]);
});

it.each([
  ['nothing', '', 0],
  ['half a header', 'GET /health/live HT', 0],
  ['a request that was answered', 'GET /health/live HTTP/1.1\r\nHost: a.test\r\n\r\n', 1],
  [
    'a request with Upgrade',
    'GET /health/live HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
    1,
  ],
  [
    'a request whose answer ends the connection',
    'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n',
    1,
  ],
  ['a CONNECT that was refused', 'CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n', 1],
  ['what is no HTTP', 'nonsense\r\n\r\n', 1],
  ['a preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 1],
])('SIGTERM does not wait for a client that has sent %s and never closes', async (_name, sent, answers) => {
  bff = await BffProcess.start(around.settings);
  const { hostname, port } = new URL(bff.url ?? '');
  const client = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  await once(client, 'connect');
  client.write(sent);
  if (answers > 0) await once(client, 'data');
  // Served behind it: so the bytes before were read.
  expect((await fetch(`${bff.url ?? ''}/health/live`)).status).toBe(200);
  const signalledAt = Date.now();
  bff.signal('SIGTERM');
  expect(await bff.ended).toBe(0);
  expect(Date.now() - signalledAt).toBeLessThan(3_000);
  client.destroy();
});

it('an exception that nobody caught while a patch is in flight: a line of JSON without its message, the end is 1', async () => {
  // The frames have the address, so the whole message must not stand in it.
  const thrower = "process.on('SIGWINCH', () => { throw new Error('DE'.concat('999000111')); })";
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(thrower)}`;
  bff = await BffProcess.start({ ...around.settings, NODE_OPTIONS });
  const answered = patch();
  await bff.untilHeld(answered, () => held.length === 1);
  bff.signal('SIGWINCH');
  expect(await bff.ended).toBe(1);
  await expect(answered).rejects.toThrow();
  expect(JSON.parse(bff.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    level: 60,
    error: {
      type: 'Error',
      frames: expect.arrayContaining([expect.stringContaining('data:text/javascript')]) as string[],
    },
    msg: 'an exception that nobody caught: the process ends',
  });
  expect(bff.stderr).toBe('');
  expect(bff.output).not.toContain('DE999000111');
  expect(await trail()).toMatchObject([{ phase: 'intent', outcome: 'pending' }]);
});

it('kill -9 while a patch is in flight leaves its intent', async () => {
  bff = await BffProcess.start(around.settings);
  const answered = patch();
  await bff.untilHeld(answered, () => held.length === 1);
  await bff.kill();
  await expect(answered).rejects.toThrow();
  expect(await trail()).toMatchObject([{ phase: 'intent', outcome: 'pending' }]);
});

/** Puts more into the tenant's trail than sockets hold: a page of it is some 25 MB. */
async function fillTrail(): Promise<void> {
  await inDatabase((database) =>
    sql`
      insert into audit_record (
        id, trace_id, tenant_id, action, phase, outcome, actor_is_service, actor_sub, actor_scopes, ip, user_agent, changes
      )
      select gen_random_uuid(), gen_random_uuid(), 'acme', 'access.refused', 'refusal', 'refused', false, 'somebody', '[]', '',
        repeat('x', 500000), '[]'
      from generate_series(1, 50)`.execute(database.kysely),
  );
}

/** An export under way, whose reader reads nothing. */
function stallExport(): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(`${bff.url ?? ''}/api/v1/audit-events`, {
      headers: { ...headers, Accept: 'application/x-ndjson' },
      agent: false,
    });
    request.on('error', reject);
    request.once('response', (response) => {
      response.on('error', () => undefined).pause();
      resolve(request);
    });
  });
}

function refusesConnections(): Promise<boolean> {
  const { hostname, port } = new URL(bff.url ?? '');
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => {
      resolve(true);
    });
  });
}

describe('standard output', () => {
  beforeEach(async () => {
    bff = await BffProcess.start(around.settings);
  });

  /** Lines of more than the pipe takes: about 400 bytes each. */
  const IDS = Array.from({ length: 1_000 }, (_, i) => `${i}`.padStart(128, '-'));
  async function logMuch(): Promise<void> {
    for (const id of IDS) {
      const answer = await fetch(`${bff.url}/nowhere`, { headers: { 'X-Request-Id': id } });
      await answer.arrayBuffer();
      expect(answer.status).toBe(404);
    }
  }

  it('whose reader pauses holds nobody up, and loses no line', async () => {
    bff.pauseOutput();
    await logMuch();
    bff.resumeOutput();
    bff.signal('SIGTERM');
    expect(await bff.ended).toBe(0);
    const lines = bff.stdout.split('\n').slice(0, -1);
    const parsed = lines.map(
      (line) => JSON.parse(line) as { msg: string; route?: string; request_id?: string },
    );
    const requests = parsed.filter(({ msg, route }) => msg === 'request' && route === '(unknown)');
    expect(requests.map(({ request_id }) => request_id)).toEqual(IDS);
    expect(parsed.at(-1)?.msg).toBe('stopped');
  });

  it.each(['pauseOutput', 'closeOutput'] as const)(
    'that nobody reads any more stops neither patches nor the end: %s',
    async (give) => {
      upstream.readAs(CUSTOMER, (_request, response) => {
        answerJson(response, 200, { ...CUSTOMER, name: 'Acme AG' });
      });
      bff[give]();
      await logMuch();
      expect((await patch()).status).toBe(200);
      const metrics = await (await fetch(`${bff.url}/metrics`)).text();
      const [, dropped] = /^billing_bff_log_lines_dropped_total (\d+)$/m.exec(metrics) ?? [];
      expect(Number(dropped) > 0).toBe(give === 'closeOutput');
      bff.signal('SIGTERM');
      expect(await bff.exited).toBe(0);
      bff.resumeOutput();
    },
  );
});
