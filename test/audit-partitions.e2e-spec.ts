import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { storeEntries } from '../src/audit/audit-rows.js';
import { Partitions } from '../src/audit/partitions.js';
import { Sequencer } from '../src/audit-log/sequencer.js';
import { allSealed, checkpointOf, read, readProof, until } from './support/audit-log.js';
import { startBff, type TestBff } from './support/start-bff.js';

const OLD = '2025-02-14T12:00:00.000Z';
const OLD_EVENTS = 20;
/** A few days of the month of `OLD` are left, and of those after it everything. */
const KEEP_SINCE = Date.parse('2025-03-01T00:00:00Z');

let bff: TestBff;
beforeAll(async () => {
  const days = Math.floor((Date.now() - KEEP_SINCE) / 86_400_000);
  bff = await startBff({ seals: true, settings: { AUDIT_RETENTION_DAYS: String(days) } });
});
afterAll(() => bff.stop());

it('this month and the twelve that follow have a partition', async () => {
  const now = new Date();
  const months = Array.from({ length: 13 }, (_, ahead) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 7),
  );
  const named = months.map((month) => `audit_event_${month.replace('-', '_')}`);
  expect(await partitions()).toEqual(expect.arrayContaining(['audit_event_default', ...named]));
  await bff.patch({ name: 'Acme AG' });
  const { rows } = await sql<{ name: string }>`
    select distinct tableoid::regclass::text as name from audit_record`.execute(bff.database.kysely);
  expect(rows).toEqual([{ name: named[0] }]);
});

it('the month of an id is the one of its time, to the millisecond', async () => {
  await storeOld([idAt(Date.parse('2025-04-17T23:00:00Z'), 0)]);
  await look();
  const { rows } = await sql<{ bound: string }>`
    select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = 'audit_event_2025_04'`.execute(
    bff.database.kysely,
  );
  const [from, to] = ['2025-04-01T00:00:00Z', '2025-05-01T00:00:00Z'].map((at) => firstId(Date.parse(at)));
  expect(rows).toEqual([{ bound: `FOR VALUES FROM ('${from ?? ''}') TO ('${to ?? ''}')` }]);
});

describe('a month that is older than AUDIT_RETENTION_DAYS', () => {
  const ids = Array.from({ length: OLD_EVENTS }, (_, n) => idAt(Date.parse(OLD), n));

  it('is kept until its events are in their log', async () => {
    await allSealed(bff);
    const sequencer = bff.app.get(Sequencer);
    const grow = jest.spyOn(sequencer, 'round' as never).mockResolvedValue(false as never);
    await storeOld(ids);
    await storeOld([idAt(KEEP_SINCE, 0)]);
    await look();
    expect(await partitions()).toContain('audit_event_2025_02');
    grow.mockRestore();
    await allSealed(bff);
  });

  it('is dropped as a whole, and said; later months stay, tiles and checkpoints, too', async () => {
    await allSealed(bff);
    const tiles = await bff.database.kysely.selectFrom('audit_tile').selectAll().execute();
    const checkpoint = await checkpointOf(bff);
    await until(async () => {
      await look();
      await setTimeout(20);
      return !(await partitions()).includes('audit_event_2025_02');
    }, 'the month was dropped');
    expect(await partitions()).toEqual(
      expect.arrayContaining(['audit_event_2025_03', 'audit_event_default']),
    );
    expect(bff.logs()).toContain('"partition":"audit_event_2025_02"');
    expect(bff.logs()).not.toContain('"partition":"audit_event_2025_03"');
    for (const id of ids) expect((await read(bff, `audit-events/${id}`)).status).toBe(404);
    expect((await read(bff, `audit-events/${idAt(KEEP_SINCE, 0)}`)).status).toBe(200);
    expect(checkpoint).toContain('\n\n');
    const after = await bff.database.kysely.selectFrom('audit_tile').selectAll().execute();
    expect(after.map(({ log, level, n }) => [log, level, n])).toEqual(
      tiles.map(({ log, level, n }) => [log, level, n]),
    );
  });

  it('leaves the proofs of its events, and of all others', async () => {
    for (const id of [ids[0], idAt(KEEP_SINCE, 0)]) {
      const answer = await read(bff, `audit-events/${id ?? ''}/proof`);
      expect(answer.status).toBe(200);
      expect(readProof(String(answer.body)).path.length).toBeGreaterThan(2);
    }
  });
});

it('no partition takes a change', async () => {
  const [event] = (await bff.events(1)) as unknown as [AuditEvent];
  // Into the default partition.
  await storeEntries(bff.database.kysely, [
    { event: { ...event, id: idAt(Date.parse('2020-01-01T00:00:00Z'), 1) } },
  ]);
  for (const partition of await partitions()) {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(partition)}`.execute(
      bff.database.kysely,
    );
    const has = (rows[0]?.n ?? 0) > 0;
    const statements = [`truncate ${partition}`, `truncate ${partition} cascade`];
    // Triggers for each row: of an empty partition there is nothing to change.
    if (has) statements.push(`delete from ${partition}`, `update ${partition} set outcome = 'rejected'`);
    for (const statement of statements)
      await expect(sql.raw(statement).execute(bff.database.kysely)).rejects.toThrow(/append-only/);
  }
  await expect(sql`truncate audit_record`.execute(bff.database.kysely)).rejects.toThrow(/append-only/);
});

async function partitions(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_record'::regclass
    order by 1`.execute(bff.database.kysely);
  return rows.map(({ name }) => name);
}

/** As old ones are in the table: stored, and waiting for their seal. */
async function storeOld(old: readonly string[]): Promise<void> {
  const [event] = (await bff.events(1)) as unknown as [AuditEvent];
  const entries = old.map((id) => ({
    event: { ...event, id, occurred_at: timeIn(id), operation_id: null, action: 'access.refused' as const },
  }));
  await storeEntries(bff.database.kysely, entries);
}

/** RFC 9562, section 5.7. */
function timeIn(id: string): string {
  return new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toISOString();
}

/** What is done every quarter of an hour, now. */
async function look(): Promise<void> {
  await bff.app.get(Partitions)['look']();
}

function firstId(ms: number): string {
  return `${hexOf(ms)}-0000-0000-000000000000`;
}

function idAt(ms: number, n: number): string {
  return `${hexOf(ms)}-7000-8000-${String(n).padStart(12, '0')}`;
}

function hexOf(ms: number): string {
  return ms
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-');
}
