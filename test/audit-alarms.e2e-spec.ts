import { sql } from 'kysely';
import { LogStore } from '../src/audit-log/log-store.js';
import { allSealed, checkpointOf, exportLines, read, until, vkeysOf } from './support/audit-log.js';
import { verify } from './support/auditor.js';
import { SkippingClock } from './support/skipping-clock.js';
import { startBff, type StoredEvent, type TestBff } from './support/start-bff.js';
import { backUp, restore, runAsOwner } from './support/tampering.js';

/** Milliseconds after which a log with an alarm is checked again. */
const CHECKED_AGAIN = 10_000;

const clock = new SkippingClock();
let bff: TestBff;
beforeAll(async () => {
  bff = await startBff({ seals: true, clock });
});
afterAll(() => bff.stop());

interface Ready {
  readonly status: number;
  readonly log: { readonly alarms: readonly object[]; readonly set_aside: number };
}

async function ready(): Promise<Ready> {
  const { status, body } = await bff.send('GET', '/health/ready', undefined, { Authorization: '' });
  return { status, log: (body as { audit_log: Ready['log'] }).audit_log };
}

async function metric(name: string): Promise<number> {
  const { body } = await bff.send('GET', '/metrics', undefined, { Authorization: '' });
  const line = String(body)
    .split('\n')
    .find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? 0);
}

async function patch(name: string): Promise<void> {
  expect((await bff.patch({ name })).status).toBe(200);
}

describe('a log', () => {
  it.each<[string, string, () => Promise<void>]>([
    [
      'whose state does not fit its own last checkpoint',
      'state-does-not-fit-checkpoint',
      () => runAsOwner(bff, `update audit_log set root = sha256('x') where log = 'acme'`),
    ],
    [
      'whose tiles do not',
      'state-does-not-fit-checkpoint',
      () =>
        runAsOwner(
          bff,
          `update audit_tile set hashes = sha256('x') || substr(hashes, 33) where log = 'acme'`,
        ),
    ],
    ['that went back to a backup', 'went-back', () => restore(bff, 'older')],
  ])(
    '%s is an alarm until that is mended; patches go on, and nothing is signed',
    async (_, reason, tamper) => {
      await patch('Before');
      await allSealed(bff);
      await runAsOwner(bff, ...TABLES.map((table) => `drop table if exists older_${table}, good_${table}`));
      await backUp(bff, 'older');
      await patch(`Since ${reason}`);
      await allSealed(bff);
      await backUp(bff, 'good');
      const signed = await checkpointOf(bff);
      const found = `billing_bff_audit_log_alarms_total{reason="${reason}"}`;
      const before = await metric(found);
      await tamper();
      const shown = await checkpointOf(bff);
      await patch('Behind it');
      const alarm = { log: 'acme', reason };
      await until(async () => (await ready()).log.alarms.length > 0, 'the alarm was raised');
      expect(await ready()).toEqual({ status: 200, log: { alarms: [alarm], set_aside: 0 } });
      expect(await metric(found)).toBeGreaterThan(before);
      expect(await metric('billing_bff_audit_log_alarms')).toBe(1);
      const said = bff
        .logs()
        .split('\n')
        .filter((line) => line.includes('alarm of the audit log'))
        .map((line) => JSON.parse(line) as object);
      expect(said.at(-1)).toMatchObject({ level: 50, ...alarm });
      await patch('And goes on');
      expect(await checkpointOf(bff)).toBe(shown);
      await restore(bff, 'good');
      clock.skip(CHECKED_AGAIN);
      await patch('After it was mended');
      await until(async () => (await ready()).log.alarms.length === 0, 'the alarm was over');
      await allSealed(bff);
      expect(await metric('billing_bff_audit_log_alarms')).toBe(0);
      expect(await checkpointOf(bff)).not.toBe(signed);
    },
  );
});

it('events that are not in a log, or in no checkpoint, show in its lag, until they are', async () => {
  const lag = (): Promise<number> => metric('billing_bff_audit_log_lag_seconds');
  await allSealed(bff);
  await until(async () => (await lag()) === 0, 'no lag');
  await runAsOwner(
    bff,
    `create function no_checkpoint() returns trigger language plpgsql as $$ begin raise 'no'; end $$`,
    `create trigger no_checkpoint before update of checkpoint on audit_log for each row execute function no_checkpoint()`,
  );
  await patch('In no checkpoint');
  // What waits for its log counts, too: time passes only when nothing does.
  const pending = bff.database.kysely.selectFrom('audit_pending').selectAll();
  await until(async () => (await pending.execute()).length === 0, 'its events were in the log');
  const waits = async (): Promise<boolean> => {
    clock.skip(1_000);
    return (await lag()) >= 60;
  };
  await until(waits, 'it waits for a minute');
  expect(await pending.execute()).toEqual([]);
  await runAsOwner(bff, 'drop trigger no_checkpoint on audit_log');
  await allSealed(bff);
  await until(async () => (await lag()) === 0, 'no lag');
});

const TABLES = ['audit_record', 'audit_tile', 'audit_log', 'audit_pending', 'audit_set_aside'];

describe('an event that may not enter its log', () => {
  it('is set aside, counted and said; the log goes on without it, and its exports are valid', async () => {
    await patch('A model');
    const { body } = await read(bff, 'audit-events?phase=outcome&limit=1');
    const [model] = (body as { data: StoredEvent[] }).data;
    if (model === undefined) throw new Error('the patch left no outcome');
    const now = Date.now();
    const forged: [reason: string, id: string, members: object][] = [
      ['not-canonical', idAt(now, 1), { changes: '[["name", "applied"]]' }],
      ['not-canonical', idAt(now, 2), { changes: '[["name"' }],
      ['missing', idAt(now, 3), { tenant_id: 'globex' }],
    ];
    for (const [, id, members] of forged) await copy(model, id, members);
    const gone = idAt(now, 4);
    const late = idAt(now - 300 * 24 * 60 * 60_000, 5);
    await copy(model, late);
    const queued = [...forged.map(([, id]) => id), gone, late];
    await bff.database.kysely
      .insertInto('audit_pending')
      .values(queued.map((event_id) => ({ log: 'acme', event_id })))
      .execute();
    await patch('Beside them');
    await allSealed(bff);

    const expected = [
      ...forged.map(([reason, id]) => ({ reason, event_id: id })),
      { reason: 'missing', event_id: gone },
    ];
    const rows = await bff.database.kysely
      .selectFrom('audit_set_aside')
      .select(['reason', 'event_id'])
      .orderBy('event_id')
      .execute();
    expect(rows).toEqual(expected);
    expect(await ready()).toEqual({ status: 200, log: { alarms: [], set_aside: 4 } });
    const name = 'billing_bff_audit_events_set_aside_total';
    expect(await metric(`${name}{reason="not-canonical"}`)).toBe(2);
    for (const { reason, event_id } of expected) {
      expect(await metric(`${name}{reason="${reason}"}`)).toBeGreaterThan(0);
      expect(bff.logs()).toMatch(new RegExp(`"level":50[^\n]*"event_id":"${event_id}","reason":"${reason}"`));
    }

    const lines = await exportLines(bff);
    for (const { event_id } of expected) expect(lines.join('\n')).not.toContain(event_id);
    const { code, out } = await verify({ exported: lines, keys: [(await vkeysOf(bff)).trim()] });
    expect(code).toBe(0);
    // A genuine event may be late, too, after an outage: it is in the log, and both sides say so.
    expect(out).toMatch(new RegExp(`SUSPICIOUS: 1 events are older .*${late}`));
    expect(await metric('billing_bff_audit_events_late_total')).toBe(1);
    expect(bff.logs()).toMatch(new RegExp(`"level":40[^\n]*"event_id":"${late}"`));
  });
});

it('an event that somebody changes before it is in its log is found by whoever verifies', async () => {
  await patch('In the log');
  await allSealed(bff);
  await nextCheckpoint(`now() + interval '1 hour'`);
  await patch('Not yet in the log');
  await runAsOwner(
    bff,
    `update audit_record set actor_sub = 'somebody-else'
     where id = (select id from audit_record where tenant_id = 'acme' order by id desc limit 1)`,
  );
  await nextCheckpoint('null');
  await allSealed(bff);
  const { code, err } = await verify({
    exported: await exportLines(bff),
    keys: [(await vkeysOf(bff)).trim()],
  });
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('NOT VALID') as unknown });
});

it('events that enter the log together do so in the order of their ids, whoever stored them', async () => {
  await patch('A model');
  await allSealed(bff);
  const { body } = await read(bff, 'audit-events?phase=outcome&limit=1');
  const [model] = (body as { data: [StoredEvent] }).data;
  const ofAnother = idAt(clock.now(), 6);
  await nextCheckpoint(`now() + interval '1 hour'`);
  await patch('After it');
  await copy(model, ofAnother);
  await bff.database.kysely
    .insertInto('audit_pending')
    .values({ log: 'acme', event_id: ofAnother })
    .execute();
  await nextCheckpoint('null');
  await allSealed(bff);
  const { rows } = await sql<{ id: string }>`
    select id from audit_tile, unnest(ids) with ordinality as leaf(id, place)
    where log = 'acme' and level = 0 order by n desc, place desc limit 3`.execute(bff.database.kysely);
  const ids = rows.map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted().reverse());
  expect(ids.at(-1)).toBe(ofAnother);
});

it('a log grows by as many events of others as could be read within a second, and by the rest in the next transactions', async () => {
  await patch('A model');
  await allSealed(bff);
  const model = await bff.database.kysely
    .selectFrom('audit_record')
    .select('id')
    .where('phase', '=', 'outcome')
    .executeTakeFirstOrThrow();
  const store = bff.app.get(LogStore);
  const withRows = store.withRows.bind(store);
  const slow = jest.spyOn(store, 'withRows').mockImplementation(async (...call) => {
    const rows = await withRows(...call);
    clock.skip(600);
    return rows;
  });
  const grow = jest.spyOn(store, 'grow');
  for (let n = 0; n < 220; n += 1) await copy(model, idAt(clock.now(), 1_000 + n));
  await sql`
    insert into audit_pending (log, event_id)
    select 'acme', id from audit_record where id::text like '%-7000-8000-000000001%'`.execute(
    bff.database.kysely,
  );
  await allSealed(bff);
  slow.mockRestore();
  // Fifty are read at a time, and the second reading ends after the second.
  expect(grow.mock.calls.flatMap(([, logs]) => logs.map(({ ids }) => ids.length))).toEqual([100, 100, 20]);
  grow.mockRestore();
});

function nextCheckpoint(when: string): Promise<void> {
  return runAsOwner(bff, `update audit_log set checkpoint_at = ${when} where log = 'acme'`);
}

function idAt(at: number, n: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`;
}

/** Stores an event like another one. */
async function copy(model: StoredEvent, id: string, members: object = {}): Promise<void> {
  await sql`
    insert into audit_record select (made).* from (
      select json_populate_record(model, ${JSON.stringify({ id, ...members })}::json) as made
      from audit_record as model where id = ${model['id']}
    ) as copies`.execute(bff.database.kysely);
}
