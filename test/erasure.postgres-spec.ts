import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

/** Milliseconds until an instance has to have heard of an erasure. */
const HEARD_WITHIN = 5_000;

let bff: TestBff;
let other: TestBff;
beforeEach(async () => {
  bff = await startBff();
  other = await startBff({ besides: bff });
  bff.upstream.answer = ({ method, text }, response) => {
    answerJson(response, 200, { ...CUSTOMER, ...(method === 'GET' ? {} : (JSON.parse(text) as object)) });
  };
});
afterEach(async () => {
  await other.stop();
  await bff.stop();
});

const as = async (scope: string): Promise<Record<string, string>> => ({
  Authorization: `Bearer ${await bff.idp.token({ scope })}`,
});
const erase = async (by: TestBff): Promise<TestAnswer> =>
  by.send('DELETE', `/api/v1/customers/${CUSTOMER.id}/personal-data`, undefined, await as('privacy:erase'));

/** The names that patches set, as far as they can still be read, newest first. */
async function clearNames(): Promise<unknown[]> {
  const path = `/api/v1/audit-events?action=customer.patch&limit=200`;
  const { body } = await bff.send('GET', path, undefined, await as('audit:read audit:read:clear'));
  const { data } = body as { data: { phase: string; changes: { clear?: { after?: unknown } }[] }[] };
  return data
    .filter(({ phase }) => phase === 'intent')
    .map(({ changes }) => changes[0]?.clear?.after ?? 'lost');
}

async function eventsOf(customer: string): Promise<unknown[]> {
  const path = `/api/v1/audit-events?customer=${customer}`;
  return ((await bff.send('GET', path)).body as { data: unknown[] }).data;
}

async function patchName(by: TestBff, name: string): Promise<void> {
  expect((await by.patch({ name })).status).toBe(200);
}

it('no instance encrypts with a key that another one destroyed: what comes after an erasure can be read', async () => {
  await patchName(bff, 'Before, here');
  await patchName(other, 'Before, there');
  expect(await clearNames()).toEqual(['Before, there', 'Before, here']);
  expect((await erase(bff)).status).toBe(204);
  await until(async () => {
    await patchName(other, 'After, there');
    return (await clearNames())[0] === 'After, there';
  });
  await patchName(bff, 'After, here');
  const [latest, ...names] = await clearNames();
  expect(latest).toBe('After, here');
  expect(names.slice(-2)).toEqual(['lost', 'lost']);
});

it('an instance that can’t hear of erasures at the moment uses no key that it holds', async () => {
  await patchName(other, 'Before');
  const { notifications } = other.database;
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'billing-bff listener' and datname = current_database()`.execute(
    bff.database.kysely,
  );
  await until(() => Promise.resolve(!notifications.complete));
  // It does not listen again while the test runs.
  notifications.miss = () => undefined;
  Object.defineProperty(notifications, 'complete', { get: () => false, set: () => undefined });
  expect((await erase(bff)).status).toBe(204);
  await patchName(other, 'After');
  expect(await clearNames()).toEqual(['After', 'lost']);
});

it('an erasure that can’t be recorded erases nothing', async () => {
  const key = { 'Idempotency-Key': 'kept' };
  expect((await bff.patch({ name: 'Kept' }, key)).status).toBe(200);
  const byAlias = async (): Promise<number> => (await eventsOf('kept-alias')).length;
  expect((await bff.send('PATCH', '/api/v1/customers/kept-alias', { name: 'Kept' })).status).toBe(200);
  expect(await byAlias()).toBeGreaterThan(0);
  await sql`
    alter table audit_record add constraint no_erasure check (action <> 'personal-data.erased') not valid`.execute(
    bff.database.kysely,
  );
  expect(await erase(bff)).toMatchObject({
    status: 503,
    body: { type: 'urn:billing-bff:problem:audit-unavailable' },
  });
  expect(await clearNames()).toEqual(['Kept', 'Kept']);
  expect(await byAlias()).toBeGreaterThan(0);
  expect((await bff.patch({ name: 'Kept' }, key)).headers.get('idempotency-replayed')).toBe('true');
  await sql`alter table audit_record drop constraint no_erasure`.execute(bff.database.kysely);
  expect((await erase(bff)).status).toBe(204);
  expect(await clearNames()).toEqual(['lost', 'lost']);
  expect(await byAlias()).toBe(0);
});

it('snapshots of the customer’s open operations with a key of their own are erased, others are not', async () => {
  await patchName(bff, 'Acme AG');
  const [intent] = await bff.events(2);
  const { kysely } = bff.database;
  const open = (id: unknown) => ({
    id: String(id),
    tenant_id: 'acme',
    state: 'unknown' as const,
    due_at: new Date('2999-01-01'),
    own_key: 'x',
    own_kid: 'test',
    encrypted: Buffer.from('x'),
  });
  const foreign = randomUUID();
  await kysely
    .insertInto('operation')
    .values([open(intent?.['operation_id']), open(foreign)])
    .execute();
  expect((await erase(bff)).status).toBe(204);
  const rows = await kysely.selectFrom('operation').select(['id', 'own_key', 'encrypted']).execute();
  expect(rows.find(({ id }) => id === foreign)?.own_key).toBe('x');
  expect(rows.filter(({ id }) => id !== foreign)).toEqual([
    { id: intent?.['operation_id'], own_key: null, encrypted: null },
  ]);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + HEARD_WITHIN;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('not in time');
    await setImmediate();
  }
}
