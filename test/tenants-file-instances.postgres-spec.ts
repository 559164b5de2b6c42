import { writeFile } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Clock } from '../src/runtime/clock.js';
import { TenantsFileWatcher } from '../src/tenant-admin/tenants-file.watcher.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

const OLD = [
  { id: 'acme', token: 'old-token' },
  { id: 'globex', token: 'token-of-globex' },
];
const NEW = [
  { id: 'acme', token: 'new-token' },
  { id: 'globex', token: 'token-of-globex' },
];
const HELD_BACK = 'older than that of another running one';

/** The database and those around it; its own file is empty. */
let around: TestBff;
let running: TestBff[];
beforeEach(async () => {
  around = await startBff({ tenants: [] });
  running = [];
});
afterEach(async () => {
  for (const instance of running) await instance.stop();
  await around.stop();
});

async function start(tenants: readonly object[], clock?: Clock): Promise<TestBff> {
  const instance = await startBff({ besides: around, tenants, ...(clock === undefined ? {} : { clock }) });
  running.push(instance);
  return instance;
}

async function stop(instance: TestBff): Promise<void> {
  running = running.filter((other) => other !== instance);
  await instance.stop();
}

/** What an instance does every two seconds, now. */
async function look(instance: TestBff): Promise<void> {
  await instance.app.get(TenantsFileWatcher)['lookNow'](instance.tenantsFile);
}

async function rewrite(instance: TestBff, tenants: readonly object[]): Promise<void> {
  await writeFile(instance.tenantsFile, JSON.stringify(tenants));
  await look(instance);
}

/** Lines that its entry of acme is held back. */
function linesAbout(instance: TestBff): string[] {
  const lines = instance.logs().split('\n');
  return lines.filter((line) => line.includes(HELD_BACK) && line.includes('"tenant_id":"acme"'));
}

/** The token that a patch reaches the billing API with. */
async function sent(): Promise<string> {
  const before = around.upstream.requests.length;
  await around.patch({ name: 'Acme' });
  const [request] = around.upstream.requests.slice(before);
  return String(request?.headers.authorization).replace('Bearer ', '');
}

/** Other instances hear of a change within milliseconds. */
async function expectSent(token: string): Promise<void> {
  const deadline = Date.now() + 2_000;
  let last = await sent();
  while (last !== token && Date.now() < deadline) last = await sent();
  expect(last).toBe(token);
}

async function versions(): Promise<number> {
  return (
    await around.database.kysely
      .selectFrom('tenant_token')
      .selectAll()
      .where('tenant_id', '=', 'acme')
      .execute()
  ).length;
}

it('instances with different files do not flip each other, however often they start or their files are touched', async () => {
  const old = await start(OLD);
  const young = await start(NEW);
  await expectSent('new-token');
  const again = await start(OLD);
  for (const instance of [old, young, again]) {
    // The same content, or that of another tenant.
    await rewrite(instance, instance === young ? [...NEW, { id: 'hooli', token: 'x' }] : [...OLD]);
    await look(instance);
  }
  const youngAgain = await start(NEW);
  await stop(young);
  for (const instance of [old, again, youngAgain]) await look(instance);
  await expectSent('new-token');
  expect(await versions()).toBe(2);
  expect(linesAbout(again)).toEqual([expect.stringContaining('"level":50')]);
  expect(linesAbout(youngAgain)).toEqual([]);
});

it('a change that an instance sees acts, also back to what was there before', async () => {
  const one = await start(OLD);
  const other = await start(OLD);
  for (const [tenants, token] of [
    [NEW, 'new-token'],
    [OLD, 'old-token'],
    [NEW, 'new-token'],
  ] as const) {
    await rewrite(one, tenants);
    await rewrite(other, tenants);
    await expectSent(token);
  }
  // One version for each change, not for each instance.
  expect(await versions()).toBe(4);
});

it('an older file acts at a start when no running instance has the newer one, as after a roll-back', async () => {
  await stop(await start(OLD));
  const young = await start(NEW);
  const back = await start(OLD);
  await expectSent('new-token');
  await stop(young);
  await look(back);
  await expectSent('old-token');
  await stop(back);
  await start(NEW);
  await expectSent('new-token');
});

it('an older file does not act when the database was away, and nobody could be seen; it acts 30 s after the last one with the newer was', async () => {
  const clock = new SkippingClock();
  await start(OLD);
  const young = await start(NEW);
  const back = await start(OLD, clock);
  const agePresence = (): Promise<unknown> =>
    sql`update tenants_file_reader set seen_at = seen_at - interval '35 s'`.execute(around.database.kysely);
  await agePresence();
  clock.skip(35_000);
  await look(back);
  await expectSent('new-token');
  await look(young);
  await look(back);
  await expectSent('new-token');

  for (let passed = 0; passed < 30_000; passed += 2_000) {
    await agePresence(); // as if the other one had been killed
    clock.skip(2_000);
    await look(back);
  }
  await expectSent('old-token');
});

it('a tenant that only one of the files has is not suspended by the other', async () => {
  const [globex] = OLD.filter(({ id }) => id === 'globex');
  const both = await start(OLD);
  const one = await start(OLD.slice(0, 1));
  for (const instance of [both, one]) await look(instance);
  const statusOf = async (): Promise<unknown> =>
    around.database.kysely
      .selectFrom('tenant')
      .select('status')
      .where('id', '=', String(globex?.id))
      .execute();
  expect(await statusOf()).toEqual([{ status: 'active' }]);
  await stop(both);
  await look(one);
  expect(await statusOf()).toEqual([{ status: 'suspended' }]);
});

it('instances that start together with the same file apply it once', async () => {
  await Promise.all(Array.from({ length: 4 }, () => start(OLD)));
  expect(await versions()).toBe(1);
  const events = around.database.kysely
    .selectFrom('audit_event')
    .select('action')
    .where('tenant_id', '=', 'acme');
  expect((await events.orderBy('id').execute()).map(({ action }) => action)).toEqual([
    'tenant.changed',
    'tenant.token.added',
  ]);
});
