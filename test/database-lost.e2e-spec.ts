import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { RecentLeaves } from '../src/audit-log/recent-leaves.js';
import { AuditWriter } from '../src/audit/audit-writer.js';
import { AbandonedHolds } from '../src/database/abandoned-holds.js';
import { CompiledQuery, type DatabaseConnection, type QueryResult, sql } from 'kysely';
import { SkippingClock } from './support/skipping-clock.js';
import { createLogger } from '../src/http/logger.js';
import { OpenOperations } from '../src/operations/open-operations.js';
import { NO_TRACING } from '../src/runtime/tracing.js';
import { nextTurn } from '../src/runtime/turns.js';
import { Metrics } from '../src/metrics/metrics.js';
import { TenantStore } from '../src/tenants/tenant-store.js';
import { ManualClock } from './support/manual-clock.js';
import { startBff, type StoredEvent, type TestAnswer, type TestBff } from './support/start-bff.js';
import { CUSTOMER, type TestUpstream } from './support/upstream.js';

const PATCH = { name: 'Acme AG' };

type Execute = ReturnType<TestBff['database']['kysely']['getExecutor']>['executeQuery'];
type Query = Parameters<Execute>[0];

let bff: TestBff;
/** Answers with the customer, patched or not. */
let usual: TestUpstream['answer'];
/** Events that earlier tests left. */
let earlier: Set<unknown>;
beforeAll(async () => {
  bff = await startBff({ settings: { RATE_LIMIT_PER_MINUTE: '1000000' } });
  usual = bff.upstream.answer;
});
beforeEach(async () => {
  earlier = new Set((await bff.events(0)).map(({ id }) => id));
  bff.upstream.requests.length = 0;
  bff.upstream.answer = usual;
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => bff.stop());

/** This test's events, oldest first, once there are `count` of them. */
async function newEvents(count: number): Promise<StoredEvent[]> {
  const events = await bff.events(earlier.size + count);
  return events.filter(({ id }) => !earlier.has(id));
}

/** Every statement goes through here from now on. */
function intercept(
  handle: (query: Query, pass: () => Promise<QueryResult<unknown>>) => Promise<QueryResult<unknown>>,
  { database }: TestBff = bff,
): void {
  const executor = database.kysely.getExecutor();
  const execute = executor.executeQuery.bind(executor);
  jest
    .spyOn(executor, 'executeQuery')
    .mockImplementation((query, ...rest) => handle(query, () => execute(query, ...rest)));
}

/** Rows travel as JSON: whether one has this value in a column. */
const has = (query: Query, value: string): boolean =>
  query.parameters.some((rows) => typeof rows === 'string' && rows.includes(`:${JSON.stringify(value)}`));
const isInsert = (query: Query): boolean => query.sql.includes('insert into audit_record');

it('a database that is away: 503 audit-unavailable, nothing sent; back again: 200', async () => {
  intercept(() => Promise.reject(Object.assign(new Error('secret host'), { code: '57P01' })));
  expectAuditUnavailable(await bff.patch(PATCH));
  const list = await bff.send('GET', '/api/v1/audit-events');
  expect(list.status).toBe(503);
  expect(list.body).toMatchObject({ type: 'urn:billing-bff:problem:audit-unavailable' });
  expect(bff.upstream.patches).toEqual([]);
  jest.restoreAllMocks();
  expect((await bff.patch(PATCH)).status).toBe(200);
  expect(await newEvents(2)).toHaveLength(2);
});

it('a database that was closed under it: the same', async () => {
  const own = await startBff();
  try {
    await own.database.kysely.destroy();
    expectAuditUnavailable(await own.patch(PATCH));
    expect(own.upstream.patches).toEqual([]);
  } finally {
    await own.stop();
  }
});

it('lost when an If-Match patch wants to be alone: 503, nothing sent, and the operation that it names is known', async () => {
  let lost = true;
  intercept((query, pass) =>
    lost && query.sql.includes('"customer_lease"') ? Promise.reject(new Error('gone')) : pass(),
  );
  const answer = await bff.patch(PATCH, { 'If-Match': '*' });
  lost = false;
  expectAuditUnavailable(answer);
  expect(bff.upstream.patches).toEqual([]);
  const id = answer.headers.get('x-operation-id') ?? '';
  const operation = await bff.send('GET', `/api/v1/operations/${id}`);
  expect(operation).toMatchObject({ status: 200, body: { status: 'not_applied', final: true, attempts: 0 } });
});

describe('REQUEST_DEADLINE_MS covers the database', () => {
  const clock = new SkippingClock();
  let own: TestBff;
  beforeAll(async () => {
    own = await startBff({ settings: { REQUEST_DEADLINE_MS: '2000' }, clock });
  });
  afterAll(() => own.stop());

  /** Statements like this one get no answer for as long as all others; the time of the request passes. */
  const withSilence = async (
    statement: RegExp,
    run: () => Promise<TestAnswer>,
    from = (): boolean => true,
  ): Promise<TestAnswer> => {
    let release: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    intercept(async (query, pass) => {
      if (from() && statement.test(query.sql)) {
        // No more time passes than the request has, and then what a caller waits for an outcome: less than any
        // statement or append may take, so only the deadline can end it.
        goOn = clock.stop();
        setImmediate(() => {
          clock.skip(2_001);
          setImmediate(() => {
            clock.skip(501);
          });
        });
        await held;
      }
      return pass();
    }, own);
    try {
      return await run();
    } finally {
      goOn();
      release();
      jest.restoreAllMocks();
    }
  };
  it.each([
    ['the tenant', /from "tenant"/],
    ['the idempotency key', /into idempotency_key/],
    ['the lease', /into "customer_lease"/],
    ['the intent', /insert into audit_record/],
  ])('%s: 503, nothing sent', async (what, statement) => {
    await own.forgetFailures();
    own.upstream.requests.length = 0;
    const headers = { 'Idempotency-Key': what.replaceAll(' ', '-'), 'If-Match': '*' };
    expectAuditUnavailable(await withSilence(statement, () => own.patch(PATCH, headers)));
    expect(own.upstream.patches).toEqual([]);
    await until(async () => {
      clock.skip(1_000); // to the next run that frees what was held, long before it expires
      return (await own.patch(PATCH, headers)).status === 200;
    }, 'the key and the lease to be free again');
  });

  describe('what an operation held when it ended', () => {
    let goOn: () => void;
    let holds: AbandonedHolds;
    beforeEach(() => {
      own.upstream.answer = usual;
      holds = own.app.get(AbandonedHolds, { strict: false });
      goOn = clock.stop(); // runs come when a test wants them
    });
    afterEach(() => {
      goOn();
    });

    /** The next statement like this one fails. Returns what makes the database carry it out later. */
    const failOnce = (statement: RegExp): (() => Promise<unknown>) => {
      let late: (() => Promise<unknown>) | undefined;
      intercept((query, pass) => {
        if (late !== undefined || !statement.test(query.sql)) return pass();
        late = pass;
        return Promise.reject(new Error('gone'));
      }, own);
      return () => late?.() ?? Promise.reject(new Error('there was none'));
    };

    it.each([
      ['a lease', /into "customer_lease"/, { 'If-Match': '*' }],
      ['a key', /into idempotency_key/, { 'Idempotency-Key': 'claimed-late' }],
    ])('%s that the database claims late is freed by the second run', async (_what, statement, headers) => {
      const claim = failOnce(statement);
      expectAuditUnavailable(await own.patch(PATCH, headers));
      await holds.run();
      await claim();
      await holds.run();
      expect(await own.patch(PATCH, headers)).toMatchObject({ status: 200 });
    });

    it.each([
      ['a lease', /into "customer_lease"/, { 'If-Match': '*' }],
      ['a key', /into idempotency_key/, { 'Idempotency-Key': 'claimed-later' }],
    ])(
      '%s that the database claims after both runs is freed by the next one',
      async (_what, statement, headers) => {
        let claim: (() => Promise<unknown>) | undefined;
        intercept(
          (query, pass) =>
            claim !== undefined || !statement.test(query.sql)
              ? pass()
              : new Promise((resolve) => {
                  claim = async () => {
                    resolve(await pass());
                  };
                }),
          own,
        );
        const answered = own.patch(PATCH, headers);
        await until(() => Promise.resolve(claim !== undefined), 'the claim');
        clock.skip(2_001);
        expectAuditUnavailable(await answered);
        await holds.run();
        await holds.run();
        await claim?.();
        await nextTurn();
        await holds.run();
        expect(await own.patch(PATCH, headers)).toMatchObject({ status: 200 });
      },
    );

    it('a lease that can’t be given back is freed by the next run', async () => {
      failOnce(/delete from "customer_lease"/);
      expect((await own.patch(PATCH, { 'If-Match': '*' })).status).toBe(200);
      await holds.run();
      expect((await own.patch({ name: 'Next AG' }, { 'If-Match': '*' })).status).toBe(200);
    });

    it('a key that can’t be freed is freed by the next run, and its patch runs again', async () => {
      failOnce(/delete from "idempotency_key"/);
      own.upstream.answer = (_request, response) => response.writeHead(429).end();
      const headers = { 'Idempotency-Key': 'freed-late' };
      expect((await own.patch(PATCH, headers)).status).toBe(429);
      expect((await own.patch(PATCH, headers)).status).toBe(409);
      own.upstream.answer = usual;
      await holds.run();
      expect((await own.patch(PATCH, headers)).status).toBe(200);
    });

    it('a run that fails is repeated', async () => {
      failOnce(/delete from "customer_lease"/);
      expect((await own.patch(PATCH, { 'If-Match': '*' })).status).toBe(200);
      jest.restoreAllMocks();
      failOnce(/customer_lease/);
      await expect(holds.run()).rejects.toThrow('gone');
      await holds.run();
      expect((await own.patch({ name: 'Next AG' }, { 'If-Match': '*' })).status).toBe(200);
    });

    it('is freed for 10,000 operations at most', async () => {
      await holds.run();
      await holds.run(); // nothing is left of other tests
      const ids = Array.from({ length: 10_001 }, () => randomUUID());
      for (const id of ids) holds.add('customer_lease', id);
      let freed: unknown;
      intercept((query, pass) => {
        if (query.sql.includes('"customer_lease"')) [freed] = query.parameters;
        return pass();
      }, own);
      await holds.run();
      expect(freed).toEqual(ids.slice(0, 10_000));
    });
  });

  it('the outcome: the caller gets the truth, the outcome follows', async () => {
    let sent = false;
    own.upstream.answer = (request, response) => {
      sent ||= request.method === 'PATCH';
      usual(request, response);
    };
    const answer = await withSilence(
      /insert into audit_record/,
      () => own.patch(PATCH),
      () => sent,
    );
    expect(answer).toMatchObject({ status: 200, body: PATCH });
    const id = answer.headers.get('x-operation-id') ?? '';
    await until(async () => {
      const { body } = await own.send('GET', `/api/v1/operations/${id}`);
      return (body as { status: unknown }).status === 'applied';
    }, 'the outcome');
  });
});

/** Every statement goes through here from now on, those of transactions as well. Returns what gives a connection. */
function interceptConnections(
  execute: (query: CompiledQuery, connection: DatabaseConnection) => Promise<QueryResult<never>>,
): (work: (connection: DatabaseConnection) => Promise<void>) => Promise<void> {
  const executor = bff.database.kysely.getExecutor();
  const provide = executor.provideConnection.bind(executor);
  jest.spyOn(executor, 'provideConnection').mockImplementation((work) =>
    provide((connection) =>
      work({
        executeQuery: (query) => execute(query, connection),
        streamQuery: connection.streamQuery.bind(connection),
      }),
    ),
  );
  return provide;
}

describe('a claim that was given up, and is carried out later, keeps nobody from', () => {
  /**
   * The next statement like this one is given up before the server has read it. Returns what makes the server go on: it
   * carries the statement out, and sees that its client has hung up.
   */
  const giveUpOnce = (statement: RegExp): (() => Promise<void>) => {
    let sent: CompiledQuery | undefined;
    const provide = interceptConnections((query, connection) => {
      if (sent !== undefined || !statement.test(query.sql)) return connection.executeQuery(query);
      sent = query;
      return Promise.reject(new Error('gone'));
    });
    return () =>
      provide(async (connection) => {
        if (sent === undefined) throw new Error('there was none');
        await connection.executeQuery(sent);
        await connection.executeQuery(CompiledQuery.raw('rollback'));
      });
  };

  it('an operation whose outcome is not known', async () => {
    const operations = bff.app.get(OpenOperations, { strict: false });
    const id = randomUUID();
    await sql`
      insert into operation (id, tenant_id, state, due_at) values (${id}, 'acme', 'sent', now())`.execute(
      bff.database.kysely,
    );
    const goOn = giveUpOnce(/^(begin|start transaction)|update "operation"/);
    await expect(operations.take()).rejects.toThrow('gone');
    await goOn();
    expect(await operations.take()).toMatchObject([{ id }]);
    await operations.drop(id);
  });

  it('the one try a minute of a rejected token', async () => {
    const tenants = bff.app.get(TenantStore, { strict: false });
    const goOn = giveUpOnce(/^(begin|start transaction)|update "tenant_token"/);
    await expect(tenants.takeProbe('acme', 1, 60_000)).rejects.toThrow('gone');
    await goOn();
    expect(await tenants.takeProbe('acme', 1, 60_000)).toBe(true);
    await bff.forgetFailures();
  });
});

describe('a commit whose answer is lost: the caller is told that it is not known', () => {
  it.each([
    [
      'erases',
      'DELETE',
      `/api/v1/customers/${CUSTOMER.id}/personal-data`,
      undefined,
      /whether the data are erased/,
    ],
    ['changes', 'PATCH', '/api/v1/tenants/acme', { name: 'Acme Two' }, /whether the tenant was changed/],
  ])('who %s', async (_what, method, path, body, detail) => {
    const claims =
      method === 'DELETE' ? { scope: 'privacy:erase' } : { scope: 'tenants:admin', tenant_id: undefined };
    const headers = { Authorization: `Bearer ${await bff.idp.token(claims)}` };
    interceptConnections(async (query, connection) => {
      const result = await connection.executeQuery<never>(query);
      if (query.sql === 'commit') throw new Error('gone');
      return result;
    });
    const answer = await bff.send(method, path, body, headers);
    jest.restoreAllMocks();
    expect(answer).toMatchObject({
      status: 503,
      body: {
        type: 'urn:billing-bff:problem:audit-unavailable',
        detail: expect.stringMatching(detail) as string,
      },
    });
    expect(await newEvents(1)).toHaveLength(1); // it was carried out
  });
});

it('a database that never answers: 503 within seconds, nothing sent, whoever waits', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  intercept(async (_query, pass) => {
    await held;
    return pass();
  });
  const startedAt = Date.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => bff.patch(PATCH)));
  expect(Date.now() - startedAt).toBeLessThan(10_000);
  for (const answer of answers) expectAuditUnavailable(answer);
  expect(bff.upstream.patches).toEqual([]);

  // The intents that were under way turn up now. The callers were told `not_applied`, so must the trail say.
  release();
  jest.restoreAllMocks();
  expect((await bff.patch(PATCH)).status).toBe(200); // goes through the same queue, behind them
  await until(async () => {
    const events = await newEvents(0);
    const outcomes = events.filter(({ phase }) => phase === 'outcome').map((event) => event['operation_id']);
    return events.every(({ operation_id }) => outcomes.includes(operation_id));
  }, 'an outcome for every intent');
  for (const event of await newEvents(0)) {
    const told = answers.some(({ headers }) => headers.get('x-operation-id') === event['operation_id']);
    if (told && event['phase'] === 'outcome') expect(event['outcome']).toBe('not_applied');
  }
});

it('lost between intent and outcome: the caller gets the truth, the outcome follows when it is back', async () => {
  let lost = false;
  bff.upstream.answer = (request, response) => {
    lost ||= request.method === 'PATCH';
    usual(request, response);
  };
  intercept((_query, pass) => (lost ? Promise.reject(new Error('gone')) : pass()));
  const answer = await bff.patch(PATCH);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ ...CUSTOMER, ...PATCH });
  const refused = await bff.patch(PATCH);
  expectAuditUnavailable(refused);
  expect(bff.upstream.patches).toHaveLength(1);
  lost = false;
  const events = await newEvents(3);
  const endsOf = ({ headers }: TestAnswer): string[] =>
    events
      .filter((event) => event['operation_id'] === headers.get('x-operation-id'))
      .map(({ phase, outcome }) => `${String(phase)} ${String(outcome)}`);
  expect(endsOf(answer)).toEqual(['intent pending', 'outcome applied']);
  expect(endsOf(refused)).toEqual(['outcome not_applied']);
  expect(bff.logs()).toMatch(/"level":50[^\n]*outcome/);
});

it('the outcome is durable before the caller is answered, the intent before anything is sent', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const steps: string[] = [];
  intercept(async (query, pass) => {
    const phase = isInsert(query) ? (has(query, 'intent') ? 'intent' : 'outcome') : undefined;
    if (phase === 'outcome') await held;
    const result = await pass();
    if (phase !== undefined) steps.push(phase);
    return result;
  });
  bff.upstream.answer = (request, response) => {
    steps.push(request.method === 'PATCH' ? 'sent' : 'read');
    usual(request, response);
  };
  const answered = bff.patch(PATCH).then((answer) => {
    steps.push('answered');
    return answer;
  });
  await until(() => Promise.resolve(steps.includes('sent')), 'the patch');
  await bff.send('GET', '/health/live'); // a whole exchange later it is still not answered
  expect(steps).toEqual(['read', 'intent', 'sent']);
  release();
  expect((await answered).status).toBe(200);
  expect(steps).toEqual(['read', 'intent', 'sent', 'outcome', 'answered']);
});

it('a hundred appends at once need two inserts at most', async () => {
  await bff.patch(PATCH);
  const [event] = await newEvents(2);
  let inserts = 0;
  intercept((query, pass) => {
    if (isInsert(query)) inserts += 1;
    return pass();
  });
  const ids = Array.from({ length: 100 }, (_, n) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`);
  const writer = bff.app.get(AuditWriter);
  await Promise.all(ids.map((id) => writer.append({ event: { ...event, id } as unknown as AuditEvent })));
  expect(await newEvents(0)).toHaveLength(102);
  expect(inserts).toBeLessThanOrEqual(2);
});

it('appends that wait share inserts: 50 patches at once need far fewer than 100', async () => {
  await bff.patch(PATCH);
  let inserts = 0;
  intercept(async (query, pass) => {
    if (isInsert(query)) inserts += 1;
    await new Promise((resolve) => setTimeout(resolve, 20)); // a commit as slow as a busy disk makes it
    return pass();
  });
  const answers = await Promise.all(Array.from({ length: 50 }, () => bff.patch(PATCH)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(await newEvents(0)).toHaveLength(102);
  expect(inserts).toBeLessThan(50);
});

it('refusals that can’t be stored hold up no patch that comes meanwhile', async () => {
  const clock = new SkippingClock();
  const own = await startBff({ clock });
  let goOn: () => void = () => undefined;
  try {
    let failRefusal: () => void = () => undefined;
    let tries = 0;
    const refusalTried = new Promise<void>((resolve) => {
      intercept(async (query, pass) => {
        if (!has(query, 'access.refused')) return pass();
        tries += 1;
        if (tries > 1) throw new Error('still gone');
        resolve();
        await new Promise<void>((fail) => (failRefusal = fail));
        throw new Error('gone');
      }, own);
    });
    await own.send('GET', '/api/v1/operations/01890000-0000-7000-8000-000000000000');
    await refusalTried;
    goOn = clock.stop(); // a patch that waited for the next try would wait for ever
    let status: number | undefined;
    const patch = own.patch(PATCH).then((answer) => (status = answer.status));
    await until(() => Promise.resolve(own.idp.requests > 0), 'the keys');
    await own.send('GET', '/health/live');
    failRefusal();
    await until(() => Promise.resolve(status !== undefined), 'the answer to the patch');
    expect(await patch).toBe(200);
  } finally {
    goOn();
    jest.restoreAllMocks(); // otherwise its end tries for seconds
    await own.stop();
  }
});

describe('outcomes that the database does not take', () => {
  let clock: ManualClock;
  let metrics: Metrics;
  let lines: Record<string, unknown>[];
  let writer: AuditWriter;
  let inserts: number;
  let away: boolean;
  let held: Promise<void>;
  let model: StoredEvent;
  let made = 0;
  beforeEach(async () => {
    await bff.patch(PATCH);
    const [intent] = await newEvents(2);
    model = { ...intent, phase: 'outcome', outcome: 'applied' };
    clock = new ManualClock();
    metrics = new Metrics();
    lines = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    const logger = createLogger('info', { write });
    writer = new AuditWriter(bff.database, clock, metrics, NO_TRACING, new RecentLeaves(clock), logger);
    inserts = 0;
    away = true;
    held = Promise.resolve();
    intercept((query, pass) => {
      if (isInsert(query)) inserts += 1;
      if (isInsert(query) && has(query, UNSTORABLE)) return Promise.reject(fault('22P05'));
      if (away && isInsert(query)) return Promise.reject(fault('57P01'));
      return isInsert(query) ? held.then(pass) : pass();
    });
  });

  const UNSTORABLE = 'of a kind that no database takes';
  const fault = (code: string): Error => Object.assign(new Error('secret host'), { code });

  async function owe(count: number): Promise<void> {
    const ids = Array.from(
      { length: count },
      () => `01890000-0000-7000-9000-${String(made++).padStart(12, '0')}`,
    );
    await Promise.all(
      ids.map((id) => writer.appendEventually({ event: { ...model, id } as unknown as AuditEvent })),
    );
  }

  async function seconds(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const before = inserts;
      clock.advance(1_000);
      await until(() => Promise.resolve(inserts > before), 'a try');
      await bff.send('GET', '/health/live'); // it has failed by now
    }
  }

  async function count(name: string): Promise<number | undefined> {
    return (await metrics.registry.getSingleMetric(name)?.get())?.values.reduce(
      (sum, { value }) => sum + value,
      0,
    );
  }

  it('are said once, once a minute and when it is over; counted once; retried in shared inserts', async () => {
    await owe(250);
    expect(lines).toMatchObject([{ level: 50, waiting_outcomes: expect.any(Number) as number }]);
    expect(await count('billing_bff_audit_outcomes_delayed_total')).toBe(250);
    expect(await count('billing_bff_audit_outcomes_waiting')).toBe(250);
    const before = inserts;
    await seconds(70);
    expect(inserts - before).toBe(70);
    expect(lines).toMatchObject([{}, { level: 50, waiting_outcomes: 250 }]);
    expect(await count('billing_bff_audit_outcomes_delayed_total')).toBe(250);
    away = false;
    clock.advance(1_000);
    await until(() => Promise.resolve(lines.length === 3), 'the line that says it is over');
    expect(lines[2]).toMatchObject({ level: 40, stored: 250 });
    expect(await count('billing_bff_audit_outcomes_waiting')).toBe(0);
    expect(inserts - before).toBe(73);
    expect(await newEvents(0)).toHaveLength(252);
    clock.advance(600_000);
    expect(lines).toHaveLength(3);
    expect(JSON.stringify(lines)).not.toContain('secret host');
  });

  it('are dropped when there are too many, which is said with their number', async () => {
    await owe(10_005);
    expect(await count('billing_bff_audit_outcomes_waiting')).toBe(10_000);
    expect(await count('billing_bff_audit_outcomes_delayed_total')).toBe(10_005);
    expect(await count('billing_bff_audit_events_dropped_total')).toBe(5);
    await seconds(60);
    const dropped = lines.filter(({ kind }) => kind === 'outcome');
    expect(dropped).toMatchObject([
      { level: 50, count: 1 },
      { level: 50, count: 4 },
    ]);
    expect(lines).toHaveLength(4);
  });

  it('are named when the process ends without them, and so is what comes afterwards', async () => {
    await owe(2);
    const closing = writer.close();
    await until(() => {
      clock.advance(1_000);
      return Promise.resolve(lines.length > 1);
    }, 'the end');
    await closing;
    const { operation_id } = model;
    const name = { operation_id, action: 'customer.patch', phase: 'outcome', outcome: 'applied' };
    expect(lines[1]).toMatchObject({ level: 50, count: 2, events: [name, name] });
    await owe(1);
    expect(lines[2]).toMatchObject({ level: 50, count: 1, events: [name] });
    expect(await count('billing_bff_audit_events_dropped_total')).toBe(3);
  });

  it('are not stored once they are called lost', async () => {
    await owe(2);
    writer.giveUp();
    expect(lines[1]).toMatchObject({
      level: 50,
      count: 2,
      msg: expect.stringContaining('are lost') as string,
    });
    away = false;
    const before = inserts;
    clock.advance(1_000);
    writer.appendLater({ ...model } as unknown as AuditEvent);
    await bff.send('GET', '/health/live'); // a try would have begun by now
    expect(inserts).toBe(before);
    expect(await newEvents(0)).toHaveLength(2);
  });

  it('are not called lost while an insert of them is under way', async () => {
    await owe(1);
    away = false;
    let letGo: () => void = () => undefined;
    held = new Promise((resolve) => (letGo = resolve));
    const before = inserts;
    clock.advance(1_000);
    await until(() => Promise.resolve(inserts > before), 'a try');
    const late = owe(1);
    writer.giveUp();
    await late;
    letGo();
    await until(async () => (await newEvents(0)).length === 3, 'the event that was under way');
    const { operation_id } = model;
    const name = { operation_id, action: 'customer.patch', phase: 'outcome', outcome: 'applied' };
    expect(lines.slice(1)).toMatchObject([
      { level: 50, count: 1, events: [name], msg: expect.stringContaining('may be lost') as string },
      { level: 50, count: 1, events: [name], msg: expect.stringContaining('are lost') as string },
    ]);
    expect(await count('billing_bff_audit_events_dropped_total')).toBe(1);
  });

  it('one that it will never take is named, and keeps no other waiting', async () => {
    const bad = { ...model, id: '01890000-0000-7000-a000-000000000000', outcome: UNSTORABLE };
    await Promise.all([owe(3), writer.appendEventually({ event: bad as unknown as AuditEvent })]);
    away = false;
    clock.advance(1_000);
    await until(() => Promise.resolve(lines.length === 3), 'the end of it');
    expect(lines.slice(1)).toMatchObject([
      { level: 50, operation_id: model['operation_id'], phase: 'outcome' },
      { level: 40, stored: 3 },
    ]);
    expect(await newEvents(0)).toHaveLength(5);
    expect(JSON.stringify(lines)).not.toContain('secret host');
  });
});

function expectAuditUnavailable({ status, headers, body }: TestAnswer): void {
  expect({ status, body }).toMatchObject({
    status: 503,
    body: { type: 'urn:billing-bff:problem:audit-unavailable', code: 'INTERNAL_SERVER_ERROR' },
  });
  expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  expect(JSON.stringify(body)).not.toContain('secret host');
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
