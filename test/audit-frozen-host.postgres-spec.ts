import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import { LogStore } from '../src/audit-log/log-store.js';
import { allSealed, checkpointOf, exportLines, until, vkeysOf } from './support/audit-log.js';
import { verify } from './support/auditor.js';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { startBff, type TestBff } from './support/start-bff.js';

/** Milliseconds after which the server ends the transaction of a host that is gone, and as much again for the others. */
const GOES_ON_WITHIN = 8_000;

let bff: TestBff;
let around: Surroundings;
let settings: Record<string, string>;
const ownKeys = { AUDIT_SIGNING_KEYS: `test:${randomBytes(32).toString('base64url')}` };
beforeAll(async () => {
  bff = await startBff({ settings: ownKeys });
  around = await createSurroundings(bff.upstream, bff.idp);
  const { tenantsFile: TENANTS_FILE } = bff;
  settings = { ...around.settings, ...bff.databaseSettings, TENANTS_FILE, ...ownKeys };
});
afterEach(killAll);
afterAll(async () => {
  await around.remove();
  await bff.stop();
});

it('a host that freezes within the transaction in which a log grows stops that log for seconds only, and goes on itself later', async () => {
  const host = await BffProcess.start(settings);
  await patched('Before');
  await allSealed(bff);
  await freezeWhileGrowing(host);
  const frozen = Date.now();
  // The log is locked by somebody who does not answer.
  expect(await sessions('idle in transaction')).toBe(1);
  const kept = await checkpointOf(bff);
  const other = await startBff({ besides: bff, seals: true, settings: ownKeys });
  try {
    await allSealed(bff);
    expect(Date.now() - frozen).toBeLessThan(GOES_ON_WITHIN);
    expect(sizeOf(await checkpointOf(bff))).toBe(sizeOf(kept) + 2);
  } finally {
    await other.stop();
  }

  host.signal('SIGCONT');
  await patched('After');
  await allSealed(bff);
  const signed = (): string => `${host.output}${other.logs()}`;
  // An instance logs a checkpoint after it has stored it.
  await host.until(() => signed().split('"msg":"checkpoint"').length > 3, 'the third checkpoint');
  const lines = await exportLines(bff);
  const keys = (await vkeysOf(bff)).trim().split('\n');
  const { code, out, err } = await verify({ exported: lines, keys, checkpoints: signed() });
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('3 checkpoints kept outside: all agree');
});

it('events of a log that another instance has locked are not read; those of other logs get into theirs', async () => {
  const other = await startBff({ besides: bff, seals: true, settings: ownKeys });
  const holder = new pg.Client({ connectionString: bff.databaseSettings['DATABASE_URL'] });
  await holder.connect();
  const rounds = jest.spyOn(other.app.get(LogStore), 'lock');
  const reads = jest.spyOn(other.app.get(LogStore), 'waiting');
  const inLogs = () => reads.mock.calls.flatMap(([, logs]) => logs);
  try {
    await patched('First');
    await allSealed(other);
    // Its next checkpoint is due at once.
    await holder.query("update audit_log set checkpoint_at = null where log = 'acme'");
    await holder.query('begin');
    await holder.query("select from audit_log where log = 'acme' for update");
    await patched('Second');
    const globex = { Authorization: `Bearer ${await bff.idp.token({ tenant_id: 'globex' })}` };
    expect((await bff.patch({ name: 'Third' }, globex)).status).toBe(200);
    reads.mockClear();
    rounds.mockClear();
    await until(() => inLogs().includes('globex'), 'events of globex were read');
    expect(rounds.mock.calls.flatMap(([, logs]) => logs)).toContain('acme');
    expect(inLogs()).not.toContain('acme');

    await holder.query('rollback');
    await allSealed(other);
    expect(inLogs()).toContain('acme');
  } finally {
    await holder.end();
    await other.stop();
  }
});

/** Stops the host once it has locked a log and taken events from those that wait, and before it commits. */
async function freezeWhileGrowing(host: BffProcess): Promise<void> {
  const blocker = new pg.Client({ connectionString: bff.databaseSettings['DATABASE_URL'] });
  await blocker.connect();
  try {
    await blocker.query('begin');
    await blocker.query('lock table audit_tile in share mode');
    await patched('Meanwhile');
    await until(async () => (await sessions('active')) === 1, 'the host waits for the lock');
    host.signal('SIGSTOP');
    await blocker.query('rollback');
    await until(async () => (await sessions('idle in transaction')) === 1, 'its statement ended');
  } finally {
    await blocker.end();
  }
}

/** Sessions in this state whose last statement stores tiles. */
async function sessions(state: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from pg_stat_activity
    where datname = current_database() and state = ${state} and query like '%insert into audit_tile%'
      and pid <> pg_backend_pid()`.execute(bff.database.kysely);
  return rows[0]?.count ?? 0;
}

async function patched(name: string): Promise<void> {
  expect((await bff.patch({ name })).status).toBe(200);
}

function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}
