import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import {
  allSealed,
  checkExport,
  exportLines,
  leafHashOf,
  merkleTreeHash,
  readCheckpoint,
  vkeysOf,
} from './support/audit-log.js';
import { verify } from './support/auditor.js';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { Outsider } from './support/outsider.js';
import { patchRaw } from './support/raw-request.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

/** Seconds of constant load; AUDIT_LOAD_S lengthens it. */
const LOAD_S = Number(process.env['AUDIT_LOAD_S'] ?? 8);
const KILL_EVERY = 2_500;
const INSTANCES = 4;
/** Milliseconds within which an event has to be in its log, whoever was killed. */
const IN_LOG_WITHIN = 10_000;
const TENANTS = ['acme', 'globex'];

let bff: TestBff;
let around: Surroundings;
let settings: Record<string, string>;
/** Those that write now. */
let instances: BffProcess[];
/** All there ever were: what they logged is what was kept outside. */
const started: BffProcess[] = [];
/** Operations whose patch was answered 200. */
const acknowledged: string[] = [];
let killed = 0;
/** They take each checkpoint that they see to a witness. */
const outsiders = new Map<string, Outsider>();
/** What the witnesses did not cosign. */
const refused: object[] = [];
/** The longest, in milliseconds, that anything was seen to wait for its log. */
let longest = 0;

beforeAll(
  async () => {
    const AUDIT_SIGNING_KEYS = `test:${randomBytes(32).toString('base64url')}`;
    const tenants = TENANTS.map((id) => ({ id, token: `token-of-${id}` }));
    bff = await startBff({ tenants, settings: { AUDIT_SIGNING_KEYS } });
    around = await createSurroundings(bff.upstream, bff.idp);
    const { tenantsFile: TENANTS_FILE } = bff;
    settings = { ...around.settings, ...bff.databaseSettings, TENANTS_FILE, AUDIT_SIGNING_KEYS };
    instances = [];
    // One after the other: together they would take the time of all.
    while (instances.length < INSTANCES) instances.push(await start());
    for (const tenant of TENANTS) outsiders.set(tenant, await Outsider.watching(bff, tenant));
    await underLoad();
    await allSealed(bff);
    for (const outsider of outsiders.values()) await take(outsider);
  },
  180_000 + LOAD_S * 1_000,
);
afterAll(async () => {
  await killAll();
  for (const outsider of outsiders.values()) await outsider.leave();
  await around.remove();
  await bff.stop();
});

async function start(): Promise<BffProcess> {
  const instance = await BffProcess.start(settings);
  started.push(instance);
  return instance;
}

async function underLoad(): Promise<void> {
  const end = Date.now() + LOAD_S * 1_000;
  const goesOn = (): boolean => Date.now() < end;
  const writers = TENANTS.flatMap((tenant) =>
    [...instances.keys()].map((slot) => write(tenant, slot, goesOn)),
  );
  const feeders = [...outsiders.values()].map((outsider) => feed(outsider, goesOn));
  await Promise.all([...writers, ...feeders, watch(goesOn), killAndReplace(goesOn)]);
}

async function feed(outsider: Outsider, goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    await pause(500);
    await take(outsider);
  }
}

async function take(outsider: Outsider): Promise<void> {
  const answer = await outsider.feed();
  if (answer !== undefined && answer.status !== 200) refused.push(answer);
}

async function write(tenant_id: string, slot: number, goesOn: () => boolean): Promise<void> {
  const token = await bff.idp.token({ tenant_id }, { expiresIn: 3_600 });
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  for (let n = 0; goesOn(); n += 1) {
    const body = JSON.stringify({ name: `${tenant_id} ${slot} ${n}` });
    try {
      const answer = await patchRaw(instances[slot]?.url ?? '', CUSTOMER_PATH, { headers, body });
      if (answer.status === 200) acknowledged.push(answer.headers.get('x-operation-id') ?? '');
    } catch {
      // Its instance was killed; the next one is about to come.
      await pause(20);
    }
  }
}

async function killAndReplace(goesOn: () => boolean): Promise<void> {
  for (let slot = 0; goesOn(); slot = (slot + 1) % INSTANCES) {
    await pause(KILL_EVERY);
    await instances[slot]?.kill();
    killed += 1;
    instances[slot] = await start();
  }
}

async function watch(goesOn: () => boolean): Promise<void> {
  while (goesOn()) {
    longest = Math.max(longest, await waiting());
    await pause(100);
  }
}

/** Milliseconds that the oldest event that is in no log has been there. */
async function waiting(): Promise<number> {
  const { rows } = await sql<{ age: number }>`
    select extract(epoch from clock_timestamp() - stored_at)::float * 1000 as age
    from audit_pending join audit_event on id = event_id
    order by id limit 1`.execute(bff.database.kysely);
  return rows[0]?.age ?? 0;
}

it('wrote a lot, and lost instances over it', () => {
  expect(acknowledged.length).toBeGreaterThan(LOAD_S * 10);
  expect(killed).toBeGreaterThanOrEqual(1);
});

it('has intent and outcome, once each, of every patch that was acknowledged', async () => {
  const { rows } = await sql<{ id: string }>`
    select patch::text as id from unnest(${acknowledged}::uuid[]) as patch
    where (
      select coalesce(string_agg(phase || ' ' || outcome, ', ' order by id), '') from audit_event
      where operation_id = patch
    ) <> 'intent pending, outcome applied'`.execute(bff.database.kysely);
  expect(rows).toEqual([]);
});

it('left nothing outside of its log for ten seconds', () => {
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(IN_LOG_WITHIN);
});

it.each(TENANTS)(
  'has one log of %s without a gap, and every checkpoint that was ever signed is of it',
  async (tenant) => {
    const claims = { tenant_id: tenant };
    const stored = async (): Promise<number> => {
      const { count } = await bff.database.kysely
        .selectFrom('audit_event')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('tenant_id', '=', tenant)
        .where('action', '<>', 'audit.exported')
        .executeTakeFirstOrThrow();
      return Number(count);
    };
    // The reconcilers still find out about patches of instances that were killed.
    const before = await stored();
    await allSealed(bff);
    const [lines, vkeys] = [await exportLines(bff, claims), await vkeysOf(bff, claims)];
    const { events, size } = checkExport(lines, vkeys);
    expect(events).toBe(size);
    expect(events).toBeGreaterThanOrEqual(before);
    expect(events).toBeLessThanOrEqual(await stored());
    const leaves = lines.slice(1, -1).map((line) => leafHashOf(line.replace(/,"leaf_index":\d+\}$/, '}')));
    const signed = started
      .flatMap(({ output }) => output.split('\n'))
      .filter((line) => line.includes('"msg":"checkpoint"'))
      .map((line) => JSON.parse(line) as { log: string; checkpoint: string })
      .filter(({ log }) => log === tenant)
      .map(({ checkpoint }) => readCheckpoint(checkpoint, vkeys.trim().split('\n')))
      // The export above is an event.
      .filter(({ size: signedSize }) => signedSize <= size);
    // At most one a second, whichever instance made it.
    expect(signed.length).toBeGreaterThan(LOAD_S / 4);
    expect(signed.length).toBeLessThanOrEqual(LOAD_S + 20);
    for (const checkpoint of signed)
      expect(checkpoint.root).toEqual(merkleTreeHash(leaves.slice(0, checkpoint.size)));
  },
);

it.each(TENANTS)('showed a witness of %s one history only, by the verifier too', async (tenant) => {
  const outsider = outsiders.get(tenant);
  expect(refused).toEqual([]);
  expect(outsider?.cosigned.length).toBeGreaterThan(LOAD_S / 4);
  // Kept before the export is asked for: it is an event of its own, and the checkpoint of that event is ahead of it.
  const kept = [...started.map(({ output }) => output), ...(outsider?.cosigned ?? [])].join('');
  const exported = (await outsider?.export()) ?? '';
  const { code, out, err } = await verify({
    exported,
    keys: outsider?.vkeys ?? [],
    checkpoints: kept,
    witnesses: [outsider?.witness.vkey ?? ''],
  });
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/ {2}[1-9]\d* checkpoints kept outside: all agree\n {2}witnessed up to leaf [1-9]/);
  expect(out).not.toContain('SUSPICIOUS');
});
