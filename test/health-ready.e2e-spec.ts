import { Clock } from '../src/runtime/clock.js';
import { Agent, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AuditWriter } from '../src/audit/audit-writer.js';
import { Sequencer } from '../src/audit-log/sequencer.js';
import { Reconciler } from '../src/operations/reconciler.js';
import { patchRaw } from './support/raw-request.js';
import { SkippingClock } from './support/skipping-clock.js';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const clock = new SkippingClock();
let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ clock });
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => bff.stop());

it('not ready before the identity provider’s keys were seen, ready from then on, alive all the time', async () => {
  await bff.idp.stop();
  expect(await status('/health/ready')).toBe(503);
  expect(await status('/health/live')).toBe(200);
  await bff.idp.listen();
  // After a failed try the provider is left alone for some seconds: those are over.
  clock.skip(6_000);
  await until(async () => (await status('/health/ready')) === 200);
  await bff.idp.stop();
  expect(await status('/health/ready')).toBe(200);
  await bff.idp.listen();
});

it('not ready without the database, but alive; ready again when it is back', async () => {
  await until(async () => (await status('/health/ready')) === 200);
  const executor = bff.database.kysely.getExecutor();
  const fault = jest.spyOn(executor, 'executeQuery').mockRejectedValue(new Error('gone'));
  // What the last ping found counts for a second.
  clock.skip(1_000);
  expect(await status('/health/ready')).toBe(503);
  const answer = await get('/health/ready');
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ checks: { database: 'down', identity_provider: 'up' } });
  expect(JSON.stringify(answer.body)).not.toContain('gone');
  expect(await status('/health/live')).toBe(200);
  fault.mockRestore();
  clock.skip(1_000);
  expect(await status('/health/ready')).toBe(200);
});

it('however many probes there are, they share one ping a second', async () => {
  let now = 1e9;
  jest.spyOn(bff.app.get(Clock), 'monotonic').mockImplementation(() => now);
  const ping = jest.spyOn(bff.database, 'ping');
  const probe = (): Promise<number[]> =>
    Promise.all(Array.from({ length: 30 }, () => status('/health/ready')));
  expect(new Set([...(await probe()), ...(await probe())])).toEqual(new Set([200]));
  expect(ping).toHaveBeenCalledTimes(1);
  now += 1_000;
  expect(new Set(await probe())).toEqual(new Set([200]));
  expect(ping).toHaveBeenCalledTimes(2);
});

it('a billing API that is away does not make it unready', async () => {
  await until(async () => (await status('/health/ready')) === 200);
  await bff.upstream.stop();
  expect((await bff.patch({ name: 'Acme GmbH' })).status).toBe(502);
  expect(await status('/health/ready')).toBe(200);
  await bff.upstream.listen();
});

it('says nothing about the house: no host, no version of anything', async () => {
  for (const path of ['/health/live', '/health/ready']) {
    const { body } = await get(path);
    expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|localhost|postgres|jwks|\d+\.\d+\.\d+/i);
  }
});

it('ends in order: requests, whoever still waits for them, background work, the trail, the database', async () => {
  const own = await startBff();
  const order: string[] = [];
  const note = (step: string) => (): Promise<void> => {
    order.push(step);
    return Promise.resolve();
  };
  jest.spyOn(own.app.get(Reconciler), 'onModuleDestroy').mockImplementation(note('reconciler'));
  jest.spyOn(own.app.get(Sequencer), 'onModuleDestroy').mockImplementation(note('sequencer'));
  const writer = own.app.get(AuditWriter);
  const close = writer.close.bind(writer);
  jest.spyOn(writer, 'close').mockImplementation(() => note('trail')().then(close));
  const shutDown = own.database.onApplicationShutdown.bind(own.database);
  jest
    .spyOn(own.database, 'onApplicationShutdown')
    .mockImplementation(() => note('database')().then(shutDown));
  const held: ServerResponse[] = [];
  own.upstream.readAs(CUSTOMER, (_request, response) => void held.push(response));
  const agent = new Agent();
  const headers = { Authorization: `Bearer ${await own.idp.token()}`, 'Content-Type': 'application/json' };
  const request = { headers, body: '{"name":"Acme AG"}', agent };
  const left = patchRaw(own.url, CUSTOMER_PATH, request).catch(() => undefined);
  await until(() => Promise.resolve(held.length === 1), 'the patch');
  // A mere close could be that of the sending side only.
  for (const socket of Object.values(agent.sockets).flat()) socket?.resetAndDestroy();
  await left;
  // While a connection is open, the server's own end waits for it, and hides whether anything else would.
  await until(async () => (await connectionsOf(own.app.getHttpServer())) === 0, 'the end of its connection');
  const closed = once(own.app.getHttpServer(), 'close');
  const stopped = own.stop();
  await closed;
  // Whatever does not wait for the patch begins in one of the next turns.
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  expect(order).toEqual([]);
  for (const response of held) {
    order.push('answer');
    answerJson(response, 200, { ...CUSTOMER, name: 'Acme AG' });
  }
  await stopped;
  expect([...order.slice(0, 1), ...order.slice(1, 3).sort(), ...order.slice(3)]).toEqual([
    ...['answer', 'reconciler', 'sequencer', 'trail', 'database'],
  ]);
});

async function connectionsOf(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))();
}

function get(path: string): Promise<TestAnswer> {
  return bff.send('GET', path, undefined, { Authorization: '' });
}

async function status(path: string): Promise<number> {
  return (await get(path)).status;
}

async function until(condition: () => Promise<boolean>, what = 'it'): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} never came to pass`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
