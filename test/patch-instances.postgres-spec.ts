import { pathToFileURL } from 'node:url';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import * as faults from './support/faults.js';
import { patchRaw } from './support/raw-request.js';
import { skipLooks } from './support/reconciling.js';
import { letPass } from './support/passing-time.js';
import { SkippingClock } from './support/skipping-clock.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { type Fault, StatefulUpstream } from './support/stateful-upstream.js';
import { answerOf, type TestAnswer } from './support/test-answer.js';

const { after, before } = faults;
const ALIAS_PATH = '/api/v1/customers/acme';
const AT_ONCE = Array.from({ length: 50 }, (_, index) => index);

const HOUR = 3_600_000;
/** More than a request has, and more than anything that it holds is held for. */
const PAUSE = 60_000;

/** Each instance has another idea of the time. */
const clocks = [0, HOUR, -HOUR].map((ahead) => {
  const clock = new SkippingClock();
  clock.step(ahead);
  return clock;
}) as [SkippingClock, SkippingClock, SkippingClock];
let bffs: readonly [TestBff, TestBff, TestBff];
/** Processes of their own on the same database, their clocks two hours apart. */
let processes: readonly [BffProcess, BffProcess];
let around: Surroundings;
let upstream: StatefulUpstream;
let authorization: { readonly Authorization: string };
beforeAll(async () => {
  const one = await startBff({ clock: clocks[0] });
  const [two, three] = [{ clock: clocks[1] }, { clock: clocks[2] }];
  bffs = [one, await startBff({ besides: one, ...two }), await startBff({ besides: one, ...three })];
  around = await createSurroundings(one.upstream, one.idp);
  upstream = new StatefulUpstream(one.upstream);
  authorization = {
    Authorization: `Bearer ${await one.idp.token({ scope: 'customers:read customers:write' }, { expiresIn: 3 * HOUR })}`,
  };
});
beforeEach(() => {
  upstream.reset();
  upstream.write({ alias: 'acme' });
});
afterAll(async () => {
  await killAll();
  await around.remove();
  for (const bff of bffs.toReversed()) await bff.stop();
});

/** `node dist/main.js` whose wall clock is ahead by so many milliseconds. */
function startProcess(ahead: number, settings: Record<string, string> = {}): Promise<BffProcess> {
  const [{ databaseSettings, tenantsFile }] = bffs;
  return BffProcess.start({
    ...around.settings,
    ...databaseSettings,
    TENANTS_FILE: tenantsFile,
    RATE_LIMIT_PER_MINUTE: '0',
    CALLER_MAX_IN_FLIGHT: '100000',
    NODE_OPTIONS: `--import ${pathToFileURL('test/support/shifted-clock.mjs').href}`,
    CLOCK_AHEAD_MS: String(ahead),
    ...settings,
  });
}

/** The instances of one set-up, by their addresses. */
const ONE_PROCESS = ['in one process, with three clocks', () => bffs.map(({ url }) => url)] as const;
const TWO_PROCESSES = [
  'in two processes whose clocks are two hours apart',
  () => processes.map(({ url = '' }) => url),
] as const;

/** One request, to one instance after the other. */
async function sendTo(
  urls: readonly string[],
  index: number,
  path: string,
  body: object,
  headers: Record<string, string>,
): Promise<TestAnswer> {
  const response = await fetch(`${urls[index % urls.length] ?? ''}${path}`, {
    method: 'PATCH',
    headers: { ...authorization, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answerOf(response.status, response.headers, await response.text());
}

function slugOf({ status, body }: TestAnswer): string {
  const { type = '' } = body as { type?: string };
  return `${status} ${type.replace('urn:billing-bff:problem:', '')}`.trim();
}

const patches = (): number => bffs[0].upstream.patches.length;

describe('instances', () => {
  beforeAll(async () => {
    processes = await Promise.all([startProcess(HOUR), startProcess(-HOUR)]);
  });
  // What others leave is not theirs to look at.
  afterAll(() => killAll());

  describe.each([ONE_PROCESS, TWO_PROCESSES])('%s', (where, urlsOf) => {
    let urls: readonly string[];
    beforeAll(() => {
      urls = urlsOf();
    });

    it.each([
      ['by id', [CUSTOMER_PATH], ['200', '409 idempotency-in-flight']],
      [
        'by id and by alias',
        [CUSTOMER_PATH, ALIAS_PATH],
        ['200', '409 idempotency-in-flight', '422 idempotency-key-reused'],
      ],
    ])(
      'one idempotency key, fifty times at once, %s: is sent once, and replayed by every instance',
      async (how, paths, allowed) => {
        const body = { name: `Sent ${how} ${where}` };
        const headers = { 'Idempotency-Key': `${how} ${where}`.replaceAll(/\W/g, '-') };
        const pathOf = (index: number): string => paths[Math.floor(index / urls.length) % paths.length] ?? '';

        const answers = await Promise.all(
          AT_ONCE.map((index) => sendTo(urls, index, pathOf(index), body, headers)),
        );

        expect(patches()).toBe(1);
        expect([...new Set(answers.map(slugOf))].filter((slug) => !allowed.includes(slug))).toEqual([]);
        const good = answers.filter(({ status }) => status === 200);
        expect(good.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
        const [first] = good;
        const winner = pathOf(answers.findIndex(({ status }) => status === 200));
        for (const index of urls.keys()) {
          const replay = await sendTo(urls, index, winner, body, headers);
          expect(replay.status).toBe(200);
          expect(replay.headers.get('idempotency-replayed')).toBe('true');
          expect(replay.headers.get('x-operation-id')).toBe(first?.headers.get('x-operation-id'));
          expect(replay.body).toEqual(first?.body);
        }
        expect(patches()).toBe(1);
      },
    );

    it('one tag, fifty times at once: one patch wins, all others are told what moved', async () => {
      const read = await bffs[0].send('GET', CUSTOMER_PATH, undefined, authorization);
      const headers = { 'If-Match': read.headers.get('etag') ?? '' };

      const answers = await Promise.all(
        AT_ONCE.map((index) => sendTo(urls, index, CUSTOMER_PATH, { name: `Name ${index}` }, headers)),
      );

      expect(patches()).toBe(1);
      expect(answers.map(slugOf).sort()).toEqual([
        '200',
        ...AT_ONCE.slice(1).map(() => '412 precondition-failed'),
      ]);
      for (const { status, body } of answers) {
        if (status !== 412) continue;
        expect((body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual([
          '#/name',
        ]);
      }
      const winner = answers.find(({ status }) => status === 200);
      expect(upstream.customer).toMatchObject({ name: (winner?.body as { name: string }).name });
    });
  });

  it('what one process holds while the billing API is slow, another one two hours ahead does not take', async () => {
    const [ahead, behind] = processes.map(({ url = '' }) => [url]) as [[string], [string]];
    const read = await bffs[0].send('GET', CUSTOMER_PATH, undefined, authorization);
    const headers = { 'If-Match': read.headers.get('etag') ?? '', 'Idempotency-Key': 'held-by-a-process' };
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const arrived = new Promise<void>((resolve) => {
      upstream.plan('PATCH', async ({ response, serve }) => {
        resolve();
        await held;
        faults.status(200, serve())(response, {});
      });
    });
    const first = sendTo(behind, 0, CUSTOMER_PATH, { name: 'Of the slow one' }, headers);
    await arrived;

    const same = await sendTo(ahead, 0, CUSTOMER_PATH, { name: 'Of the slow one' }, headers);
    const other = sendTo(
      ahead,
      0,
      CUSTOMER_PATH,
      { name: 'Of the other one' },
      { 'If-Match': headers['If-Match'] },
    );
    expect(slugOf(same)).toBe('409 idempotency-in-flight');
    expect(patches()).toBe(1);
    letGo();

    const answer = await first;
    expect(slugOf(answer)).toBe('200');
    expect(slugOf(await other)).toBe('412 precondition-failed');
    expect(patches()).toBe(1);
    const operation = answer.headers.get('x-operation-id') ?? '';
    expect(await phasesOf(operation)).toEqual(['intent pending', 'outcome applied']);
    // UUIDv7: its first 48 bits are the milliseconds of the clock that made it.
    const madeAt = parseInt(operation.replace('-', '').slice(0, 12), 16);
    expect(Math.abs(madeAt - (Date.now() - HOUR))).toBeLessThan(PAUSE);
  });
});

it('one that stood still for longer than it held the customer sends nothing', async () => {
  const read = await bffs[0].send('GET', CUSTOMER_PATH, undefined, authorization);
  const headers = { 'If-Match': read.headers.get('etag') ?? '' };
  let other: Promise<TestAnswer> | undefined;
  const plain: Fault = ({ response, serve }) => {
    faults.status(200, serve())(response, {});
  };
  upstream.plan('GET', plain, async (exchange) => {
    await letPass(bffs[0], clocks[0], PAUSE);
    other = sendTo(ONE_PROCESS[1](), 1, CUSTOMER_PATH, { name: 'Of the other one' }, headers);
    await other;
    void plain(exchange);
  });

  const answer = await sendTo(ONE_PROCESS[1](), 0, CUSTOMER_PATH, { name: 'Too late' }, headers);

  expect((await other)?.status).toBe(200);
  expect(slugOf(answer)).toBe('504 billing-timeout');
  expect(patches()).toBe(1);
  expect(upstream.customer).toMatchObject({ name: 'Of the other one' });
});

it('a patch of an instance whose clock is behind may have undone one that is not known: it is unverifiable', async () => {
  let land = (): void => undefined;
  upstream.plan('PATCH', ({ response, serve }) => {
    land = () => void serve();
    faults.gateway(502)(response, {});
  });
  const [now, ahead] = ONE_PROCESS[1]().map((url) => [url]) as [[string], [string]];

  const answer = await sendTo(ahead, 0, CUSTOMER_PATH, { name: 'Comes late' }, {});
  expect(slugOf(answer)).toBe('502 billing-failed');
  land();
  const before = upstream.states[0] as { name: string };
  expect(slugOf(await sendTo(now, 0, CUSTOMER_PATH, { name: before.name }, {}))).toBe('200');

  const clock = new SkippingClock();
  const reconciling = await startBff({ besides: bffs[0], clock, reconciles: true });
  await skipLooks(reconciling, clock);
  await reconciling.stop();
  expect(await phasesOf(answer.headers.get('x-operation-id') ?? '')).toEqual([
    'intent pending',
    'outcome unknown',
    'outcome unverifiable',
  ]);
});

describe('kill -9 of an instance whose patches hang', () => {
  const short = { BILLING_API_TIMEOUT_MS: '2500', REQUEST_DEADLINE_MS: '4000' };

  it('another one tells within a minute what was applied, and in the end what was not', async () => {
    const [victim, survivor] = await Promise.all([startProcess(HOUR, short), startProcess(-HOUR, short)]);
    upstream.plan('PATCH', after(faults.hang), before(faults.hang));
    const hung = async (body: object): Promise<string> => {
      const already = patches();
      const headers = { ...authorization, 'Content-Type': 'application/json' };
      const answered = patchRaw(victim.url ?? '', CUSTOMER_PATH, { headers, body: JSON.stringify(body) });
      await victim.untilHeld(answered, () => patches() > already);
      return String(bffs[0].upstream.patches.at(-1)?.headers['idempotency-key']);
    };
    const applied = await hung({ name: 'Applied' });
    const dropped = await hung({ currency: 'USD' });
    await victim.kill();
    const killed = Date.now();
    expect([await phasesOf(applied), await phasesOf(dropped)]).toEqual([
      ['intent pending'],
      ['intent pending'],
    ]);

    const closed = async (): Promise<boolean> =>
      (await phasesOf(applied)).length > 1 && (await phasesOf(dropped)).length > 1;
    await survivor.until(closed, 'outcomes of what was left behind');
    expect(Date.now() - killed).toBeLessThan(60_000);
    expect(await phasesOf(applied)).toEqual(['intent pending', 'outcome applied']);
    expect(await phasesOf(dropped)).toEqual(['intent pending', 'outcome unknown']);
    await survivor.kill();

    const clock = new SkippingClock();
    clock.step(HOUR);
    const third = await startBff({ besides: bffs[0], clock, reconciles: true });
    await skipLooks(third, clock);
    await third.stop();
    expect(await phasesOf(applied)).toEqual(['intent pending', 'outcome applied']);
    expect(await phasesOf(dropped)).toEqual(['intent pending', 'outcome unknown', 'outcome not_applied']);
    expect(patches()).toBe(2);
  });
});

/** The trail of an operation, in the order in which it was stored. */
async function phasesOf(id: string): Promise<string[]> {
  const rows = await bffs[0].database.kysely
    .selectFrom('audit_event')
    .select('event')
    .where('operation_id', '=', id)
    .orderBy('stored_at')
    .orderBy('id')
    .execute();
  return rows.map(({ event }) => {
    const { phase, outcome } = JSON.parse(event) as AuditEvent;
    return `${phase} ${outcome}`;
  });
}
