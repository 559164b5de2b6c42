import { OperationWaits } from '../src/operations/operation-waits.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { gateway } from './support/faults.js';
import { openConnection, readAnswers } from './support/raw-request.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

/** Milliseconds, on a busy machine too: far fewer than the 30 s that these requests would wait. */
const AT_ONCE = 10_000;
const PATCH = { name: 'Acme AG' };

const failing: TestUpstream['answer'] = (_, response) => {
  gateway(502)(response, {});
};

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ reconciles: true, settings: { CALLER_MAX_IN_FLIGHT: '3' } });
});
afterAll(() => bff.stop());

let headers: Record<string, string>;
let callers = 0;
beforeEach(async () => {
  callers += 1;
  headers = { Authorization: `Bearer ${await bff.idp.token({ sub: `caller-${callers}` })}` };
  bff.upstream.readAs(CUSTOMER, failing);
  await bff.forgetFailures();
});

/** A patch whose outcome is unknown; it is applied, and the reconciler sees that, once `applied` is called. */
async function unknownPatch(): Promise<string> {
  const answer = await bff.patch(PATCH, headers);
  expect(answer.body).toMatchObject({ status: 502, outcome: 'unknown' });
  return answer.headers.get('location') ?? '';
}

function applied(): void {
  bff.upstream.readAs({ ...CUSTOMER, ...PATCH }, failing);
}

const look = (location: string, query = '', init: RequestInit = {}): Promise<Response> =>
  fetch(`${bff.url}${location}${query}`, { headers, ...init });

/** When the final outcome was stored, in milliseconds since the epoch. */
async function endOf(location: string): Promise<number> {
  const { stored_at: at } = await bff.database.kysely
    .selectFrom('audit_event')
    .select('stored_at')
    .where('operation_id', '=', location.split('/').at(-1) ?? '')
    .where('outcome', '=', 'applied')
    .executeTakeFirstOrThrow();
  return new Date(at).getTime();
}

/** Resolves when this caller's requests fill its seats; ten seconds at most. */
async function seats(status: number, location: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while ((await look(location)).status !== status) {
    if (Date.now() > deadline) throw new Error(`no ${status} came`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it('holds the answer until the outcome is final, and gives it at once', async () => {
  const location = await unknownPatch();
  const waiting = look(location, '?wait=30').then(async (response) => ({
    at: Date.now(),
    body: await response.json(),
  }));
  applied();
  const { at, body } = await waiting;
  expect(body).toMatchObject({ status: 'applied', final: true });
  expect(at - (await endOf(location))).toBeLessThan(AT_ONCE);
});

it('holds it for a patch that is still running', async () => {
  let letGo = (): void => undefined;
  const sent = new Promise<void>((resolve) => {
    bff.upstream.readAs(CUSTOMER, (_, response) => {
      letGo = () => {
        answerJson(response, 200, { ...CUSTOMER, ...PATCH });
      };
      resolve();
    });
  });
  const patch = bff.patch(PATCH, headers);
  await sent;
  const { id } = await bff.database.kysely
    .selectFrom('operation')
    .select('id')
    .where('state', '=', 'sent')
    .executeTakeFirstOrThrow();
  expect(await (await look(`/api/v1/operations/${id}`)).json()).toMatchObject({
    status: 'pending',
    final: false,
  });
  const waiting = look(`/api/v1/operations/${id}`, '?wait=30').then((response) => response.json());
  await waitedFor(bff, id);
  letGo();
  expect((await patch).status).toBe(200);
  expect(await waiting).toMatchObject({ id, status: 'applied', final: true });
});

it('does not hold an answer that is final', async () => {
  bff.upstream.readAs({ ...CUSTOMER, ...PATCH }, failing);
  const operation = (await bff.patch(PATCH, headers)).headers.get('x-operation-id') ?? '';
  const began = Date.now();
  const answer = await look(`/api/v1/operations/${operation}`, '?wait=30');
  expect(await answer.json()).toMatchObject({ status: 'unchanged', final: true });
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
});

it('answers what is known when the time is over', async () => {
  const location = await unknownPatch();
  const began = Date.now();
  const answer = await look(location, '?wait=1');
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ status: 'unknown', final: false, ended_at: null });
  expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
});

it('does not hold the answer without wait, or with 0', async () => {
  const location = await unknownPatch();
  const begin = jest.spyOn(bff.app.get(OperationWaits), 'begin');
  for (const query of ['', '?wait=0'])
    expect(await (await look(location, query)).json()).toMatchObject({ status: 'unknown' });
  expect(begin).not.toHaveBeenCalled();
  begin.mockRestore();
});

it.each(['', '-1', '31', '1.5', '1e1', 'x', '0x1', '+1', ' 1', '1s', '001', 'Infinity'])(
  'refuses wait=%j',
  async (wait) => {
    const answer = await look(`/api/v1/operations/${NO_ID}`, `?wait=${encodeURIComponent(wait)}`);
    expect(await answer.json()).toMatchObject({
      type: 'urn:billing-bff:problem:validation-failed',
      status: 400,
      errors: [{ parameter: 'wait', code: 'out-of-range', detail: 'must be a whole number from 0 to 30' }],
    });
  },
);

it.each(['?wait=1&wait=2', '?Wait=1', '?wait=1&timeout=2'])('refuses the query %s', async (query) => {
  expect((await look(`/api/v1/operations/${NO_ID}`, query)).status).toBe(400);
});

it('does not wait for an operation that does not exist, or is another tenant’s', async () => {
  const location = await unknownPatch();
  const began = Date.now();
  expect((await look(`/api/v1/operations/${NO_ID}`, '?wait=30')).status).toBe(404);
  const other = { Authorization: `Bearer ${await bff.idp.token({ tenant_id: 'globex' })}` };
  expect((await look(location, '?wait=30', { headers: other })).status).toBe(404);
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
});

it('who waits is in flight for its caller, until it is answered or hangs up', async () => {
  const location = await unknownPatch();
  const callers = [1, 2, 3].map(() => new AbortController());
  const waits = callers.map(({ signal }) => look(location, '?wait=30', { signal }).catch(() => undefined));
  await seats(429, location);
  callers[0]?.abort();
  await seats(200, location);
  applied();
  const [, ...answered] = await Promise.all(waits);
  for (const answer of answered) expect(await answer?.json()).toMatchObject({ status: 'applied' });
});

it('who closes the sending side is told at once what is known', async () => {
  const location = await unknownPatch();
  const socket = await openConnection(bff.url);
  const lines = Object.entries({ Host: 'bff.test', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.write(`GET ${location}?wait=30 HTTP/1.1\r\n${lines.join('')}\r\n`);
  await waitedFor(bff, location.split('/').at(-1) ?? '');
  const began = Date.now();
  const [answer] = await readAnswers(socket.end());
  expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status: 'unknown', final: false });
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
});

it('is answered at once while a thousand others wait, and held again when one of them is gone', async () => {
  const location = await unknownPatch();
  const waits = bff.app.get(OperationWaits);
  const others = Array.from({ length: 1_000 }, () =>
    waits.begin(NO_ID, 60_000, new AbortController().signal),
  );
  const began = Date.now();
  expect(await (await look(location, '?wait=30')).json()).toMatchObject({ status: 'unknown', final: false });
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
  others.pop()?.end();
  const held = look(location, '?wait=30');
  await waitedFor(bff, location.split('/').at(-1) ?? '');
  applied();
  expect(await (await held).json()).toMatchObject({ status: 'applied', final: true });
  for (const wait of others) wait?.end();
});

it('a stop answers who waits, at once', async () => {
  const stopping = await startBff();
  stopping.upstream.readAs(CUSTOMER, failing);
  const location = (await stopping.patch(PATCH)).headers.get('location') ?? '';
  const waiting = stopping.send('GET', `${location}?wait=30`);
  await waitedFor(stopping, location.split('/').at(-1) ?? '');
  const began = Date.now();
  const stopped = stopping.stop();
  expect((await waiting).body).toMatchObject({ status: 'unknown', final: false });
  expect(Date.now() - began).toBeLessThan(AT_ONCE);
  await stopped;
});

const NO_ID = '01890000-0000-7000-8000-000000000000';

/** Resolves when a request waits for the operation; ten seconds at most. */
async function waitedFor({ database }: TestBff, id: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { awaited } = await database.kysely
      .selectFrom('operation')
      .select('awaited')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (awaited) return;
    if (Date.now() > deadline) throw new Error('nobody waits');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
