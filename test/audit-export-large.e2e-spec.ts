import { get as httpGet, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { storeEntries } from '../src/audit/audit-rows.js';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { allSealed, checkExport, NDJSON, read, until, vkeysOf } from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';

const EVENTS = 2_500;
/** Long enough that the sockets' buffers hold only a part of an export. */
const USER_AGENT = 'x'.repeat(6_000);

let bff: TestBff;
const errors: unknown[] = [];
const onError = (error: unknown): void => void errors.push(error);
beforeAll(async () => {
  process.on('unhandledRejection', onError).on('uncaughtException', onError);
  bff = await startBff({ seals: true });
  await bff.patch({ name: 'Acme AG' });
  const [model] = (await bff.events(2)) as unknown as [AuditEvent];
  for (let from = 0; from < EVENTS; from += 100) {
    const ids = Array.from({ length: 100 }, (_, n) => (0xf00000000000 + from + n).toString(16));
    const origin = { ip: '127.0.0.1', user_agent: USER_AGENT };
    const refusal = { action: 'access.refused', phase: 'refusal', operation_id: null } as const;
    const entries = ids.map((id) => ({
      event: { ...model, ...refusal, id: `${model.id.slice(0, 24)}${id}`, origin },
    }));
    await storeEntries(bff.database.kysely, entries);
  }
  await allSealed(bff);
});
afterAll(async () => {
  await bff.stop();
  process.off('unhandledRejection', onError).off('uncaughtException', onError);
});

it('a large export streams, and is valid although the log grows while it is read', async () => {
  const response = await open();
  // Nothing is read yet, so only a part can have been sent; meanwhile the event of this export gets its leaf.
  await allSealed(bff);
  const lines = (await text(response)).trimEnd().split('\n');
  expect(response.headers['transfer-encoding']).toBe('chunked');
  const size = EVENTS + 2;
  expect(lines).toHaveLength(size + 2);
  expect(checkExport(lines, await vkeysOf(bff))).toMatchObject({ size, events: size, pruned: 0 });
});

it('a reader who goes away leaves no error and no connection behind', async () => {
  const before = bff.logs().length;
  const idle = await connections();
  for (let n = 0; n < 5; n += 1) {
    const response = await open(n % 2 === 0 ? NDJSON : 'text/csv');
    await new Promise((resolve) => response.once('data', resolve));
    response.destroy();
  }
  await until(async () => (await connections()) <= idle, 'the connections were closed');
  // The database is free: a reader that gets no connection within two seconds is answered 503.
  const { status } = await read(bff, 'audit-events?limit=1&action=customer.patch');
  expect(status).toBe(200);
  expect(errors).toEqual([]);
  const levels = bff
    .logs()
    .slice(before)
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { level: unknown }).level);
  for (const level of levels) expect([10, 20, 30, 'trace', 'debug', 'info']).toContain(level);
});

function connections(): Promise<number> {
  const server: Server = bff.app.getHttpServer();
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

async function open(accept = NDJSON): Promise<IncomingMessage> {
  const Authorization = `Bearer ${await bff.idp.token()}`;
  return new Promise((resolve, reject) => {
    const headers = { Authorization, Accept: accept };
    httpGet(`${bff.url}/api/v1/audit-events`, { headers, agent: false }, resolve).on('error', reject);
  });
}
