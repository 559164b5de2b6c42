import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import pg from 'pg';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { storeEntries } from '../src/audit/audit-rows.js';
import { Partitions } from '../src/audit/partitions.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** Milliseconds that a patch may take while a month waits for a lock. */
const PATIENCE = 2_000;

let bff: TestBff;
let url: URL;
let owner: pg.Client;
beforeEach(async () => {
  bff = await startBff();
  url = new URL(bff.databaseSettings['DATABASE_URL'] ?? '');
  owner = await connect(url);
  await bff.patch({ name: 'Acme AG' });
});
afterEach(async () => {
  await owner.end();
  await bff.stop();
  const name = url.pathname.slice(1);
  const server = await connect(new URL('/postgres', url));
  for (const role of ['auditor', 'runtime']) await server.query(`drop role if exists ${role}_${name}`);
  await server.end();
});

describe('an account that may only read audit_event', () => {
  it('can call nothing that runs with the rights of the owner, whatever is called', async () => {
    const auditor = await newRole('auditor', (role) => [`grant select on audit_event to ${role}`]);
    const { rows } = await owner.query<{ call: string }>(`
      select proname || '(' || case when pronargs = 0 then '' else '''9999-01-01''' end || ')' as call
      from pg_proc where prosecdef and pronamespace = 'public'::regnamespace`);
    expect(rows.length).toBeGreaterThanOrEqual(4);
    const before = await partitions();
    for (const { call } of [...rows, { call: `audit_event_drop_months('9999-01-01')` }])
      await expect(auditor.query(`select ${call}`)).rejects.toThrow(/permission denied|does not exist/);
    await expect(auditor.query('delete from audit_event')).rejects.toThrow(/permission denied/);
    await expect(auditor.query('drop table audit_record')).rejects.toThrow(/must be owner/);
    expect((await auditor.query('select id from audit_event')).rowCount).toBe(2);
    expect(await partitions()).toEqual(before);
    await auditor.end();
  });

  it('no function with the rights of the owner looks at objects of the caller first', async () => {
    const { rows } = await owner.query<{ settings: string[] }>(`
      select proconfig as settings from pg_proc where prosecdef and pronamespace = 'public'::regnamespace`);
    for (const { settings } of rows)
      expect(settings).toEqual(expect.arrayContaining(['search_path=pg_catalog, public, pg_temp']));
    await owner.query(
      'insert into audit_retention (days) values (1) on conflict (only_row) do update set days = null',
    );
    await owner.query('create temp table audit_retention (days integer)');
    await owner.query('insert into pg_temp.audit_retention values (-100000)');
    expect((await owner.query('select * from audit_event_old_months()')).rows).toEqual([]);
  });
});

describe('a month that retention keeps', () => {
  it.each([
    ['this one', 'now()'],
    ['one to come', `now() + interval '2 months'`],
    ['one that is not old enough', `now() - interval '1 month'`],
  ])('%s is not dropped, even by the owner', async (_, month) => {
    await storeAt(new Date(Date.now() - 32 * 86_400_000));
    await look();
    await owner.query('insert into audit_retention (days) values (400)');
    await expect(owner.query(`select audit_event_drop_month(${month})`)).rejects.toThrow(
      /is not older than audit_retention/,
    );
    await owner.query('update audit_retention set days = null');
    await expect(owner.query(`select audit_event_drop_month(${month})`)).rejects.toThrow(/is not older/);
  });
});

describe('events whose month has no partition', () => {
  it('are moved into it, each month on its own; the others stay out of the way of none', async () => {
    const ids = ['2019-07-01T00:00:00Z', '2031-12-31T23:59:59.999Z', '2093-01-15T12:00:00Z'].map(idAt);
    await storeAt(...ids.map(timeOf));
    const odd = 'ffffffff-ffff-7000-8000-000000000000';
    await store(odd);
    const before = await bff.events(6);
    expect(await gauges()).toEqual({ missing: 0, inDefault: 0 });
    // Another row already has the name of a month's table: that month alone fails.
    await owner.query('create table audit_event_2031_12 ()');
    await look();

    expect(await placeOf(...ids, odd)).toEqual([
      'audit_event_2019_07',
      'audit_event_default',
      'audit_event_2093_01',
      'audit_event_default',
    ]);
    expect(await gauges()).toEqual({ missing: 1, inDefault: 2 });
    expect(bff.logs()).toMatch(/"partition":"audit_event_2031_12".*could not be maintained/);
    await owner.query('drop table audit_event_2031_12');
    await look();
    expect((await placeOf(...ids))[1]).toBe('audit_event_2031_12');
    expect(await gauges()).toEqual({ missing: 0, inDefault: 1 });
    expect(await bff.events(6)).toEqual(before);
    for (const partition of [
      'audit_event_2019_07',
      'audit_event_2093_01',
      'audit_event_default',
      'audit_record',
    ])
      for (const change of ['delete from', 'truncate'])
        await expect(owner.query(`${change} ${partition}`)).rejects.toThrow(/append-only/);
  });

  it('a row that lies in a month to come does not end month-making', async () => {
    await owner.query(`drop table ${monthIn(1)}, ${monthIn(2)}`);
    await store(
      idAt(new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 2, 3)).toISOString()),
    );
    await look();
    expect(await partitions()).toEqual(expect.arrayContaining([monthIn(1), monthIn(2)]));
    expect(await gauges()).toEqual({ missing: 0, inDefault: 0 });
  });
});

it('a month that has to wait for a long reader stops no patch, and is made once the reader is gone', async () => {
  await owner.query(`drop table ${monthIn(12)}`);
  const reader = await connect(url);
  await reader.query('begin isolation level repeatable read');
  await reader.query('select count(*) from audit_event');
  await patchUntil(look());
  expect(await partitions()).not.toContain(monthIn(12));
  expect((await gauges()).missing).toBe(1);
  await reader.query('commit');
  await reader.end();
  await look();
  expect(await partitions()).toContain(monthIn(12));
});

it('dropping a month waits for no long reader either', async () => {
  await storeAt(new Date('2019-07-01'));
  await look();
  await owner.query('delete from audit_pending');
  await owner.query('insert into audit_retention (days) values (400)');
  const reader = await connect(url);
  await reader.query('begin isolation level repeatable read');
  await reader.query('select count(*) from audit_event');
  await patchUntil(look());
  expect(await partitions()).toContain('audit_event_2019_07');
  await reader.query('commit');
  await reader.end();
  await look();
  expect(await partitions()).not.toContain('audit_event_2019_07');
});

describe('with the account of docs/runtime-role.sql', () => {
  it('everything works, months are made and dropped by the retention of the owner, and another setting is reported', async () => {
    const grants = await readFile('docs/runtime-role.sql', 'utf8');
    const runtime = await newRole('runtime', (role) => [grants.replaceAll(':"role"', role)]);
    await owner.query('insert into audit_retention (days) values (400)');
    const settings = { DATABASE_URL: runtime.url, AUDIT_RETENTION_DAYS: '1' };
    const instance = await startBff({ besides: bff, settings });
    try {
      expect((await instance.patch({ name: 'By the runtime role' })).status).toBe(200);
      expect(instance.logs()).toMatch(
        /"setting":1,"stored":400,"msg":"AUDIT_RETENTION_DAYS is not what the owner .*; the owner changes it by `npm run migrate` with this setting"/,
      );
      await owner.query(`drop table ${monthIn(12)}`);
      await storeAt(new Date('2019-07-01'), new Date(Date.now() - 100 * 86_400_000));
      await owner.query('delete from audit_pending');
      await instance.app.get(Partitions)['look']();
      expect(instance.logs()).toContain(
        '"partition":"audit_event_2019_07","msg":"a month of the trail was dropped"',
      );
      expect(instance.logs()).not.toContain('could not be maintained');
      expect(await partitions()).toContain(monthIn(12));
      expect(await bff.events(5)).toHaveLength(5);
      for (const statement of [
        `update audit_retention set days = 1`,
        `delete from audit_record`,
        `truncate audit_record`,
        `drop table audit_event_default`,
      ])
        await expect(runtime.query(statement)).rejects.toThrow(/permission denied|must be owner/);
      await runtime.end();
    } finally {
      await instance.stop();
    }
  });
});

it('the owner’s setting is stored, whatever it was before', async () => {
  const stored = async (): Promise<unknown> => (await owner.query('select days from audit_retention')).rows;
  for (const [AUDIT_RETENTION_DAYS, days] of [
    ['400', 400],
    ['30', 30],
    ['', null],
  ] as const) {
    await (await startBff({ besides: bff, settings: { AUDIT_RETENTION_DAYS } })).stop();
    expect(await stored()).toEqual([{ days }]);
  }
});

async function connect(to: URL): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: to.href });
  await client.connect();
  return client;
}

/** A role of the server that only this test's database knows. */
async function newRole(
  kind: string,
  grants: (role: string) => string[],
): Promise<pg.Client & { readonly url: string }> {
  const role = `${kind}_${url.pathname.slice(1)}`;
  await owner.query(`create role ${role} login password 'of-a-test'`);
  for (const grant of grants(role)) await owner.query(grant);
  const own = new URL(url);
  own.username = role;
  own.password = 'of-a-test';
  return Object.assign(await connect(own), { url: own.href });
}

async function partitions(): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_record'::regclass order by 1`);
  return rows.map(({ name }) => name);
}

async function placeOf(...ids: string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, tableoid::regclass::text as name from audit_record where id = any(${ids})`.execute(
    bff.database.kysely,
  );
  return ids.map((id) => rows.find((row) => row.id === id)?.name ?? 'nowhere');
}

async function gauges(): Promise<{ missing: number; inDefault: number }> {
  const text = String((await bff.send('GET', '/metrics', undefined, { Authorization: '' })).body);
  const valueOf = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return {
    missing: valueOf('billing_bff_audit_months_missing'),
    inDefault: valueOf('billing_bff_audit_default_partition_events'),
  };
}

/** One patch after the other, none of which may wait for what goes on meanwhile. */
async function patchUntil(done: Promise<void>): Promise<void> {
  const ended = done.then(() => true);
  do {
    const begun = Date.now();
    expect((await bff.patch({ name: `Acme at ${begun}` })).status).toBe(200);
    expect(Date.now() - begun).toBeLessThan(PATIENCE);
  } while (!(await Promise.race([ended, Promise.resolve(false)])));
}

/** What is done every quarter of an hour, now. */
async function look(): Promise<void> {
  await bff.app.get(Partitions)['look']();
}

async function storeAt(...times: Date[]): Promise<void> {
  for (const time of times) await store(idAt(time.toISOString()));
}

async function store(id: string): Promise<void> {
  const [event] = (await bff.events(1)) as unknown as [AuditEvent];
  await storeEntries(bff.database.kysely, [
    { event: { ...event, id, operation_id: null, action: 'access.refused' } },
  ]);
}

function idAt(time: string): string {
  const hex = Date.parse(time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

function timeOf(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}

function monthIn(ahead: number): string {
  const now = new Date();
  const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
  return `audit_event_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}
