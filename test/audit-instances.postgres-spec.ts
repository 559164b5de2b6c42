import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { exportTrail, keysOf, sealByHand, verify } from './support/audit-outside.js';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { patchRaw } from './support/raw-request.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

/** Seconds of constant load; SEAL_LOAD_S lengthens it. */
const LOAD_S = Number(process.env['SEAL_LOAD_S'] ?? 8);
const KILL_EVERY = 2_500;
const INSTANCES = 4;
/** Milliseconds within which an event has to be sealed, whoever was killed. */
const SEALED_WITHIN = 10_000;
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
/** The longest, in milliseconds, that anything was seen to wait for its seal. */
let longest = 0;

beforeAll(
  async () => {
    const AUDIT_SIGNING_KEY = JSON.stringify(
      generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
    );
    const tenants = TENANTS.map((id) => ({ id, token: `token-of-${id}` }));
    bff = await startBff({ seals: true, tenants, settings: { AUDIT_SIGNING_KEY } });
    await sealByHand(bff);
    around = await createSurroundings(bff.upstream, bff.idp);
    const { tenantsFile: TENANTS_FILE } = bff;
    settings = { ...around.settings, ...bff.databaseSettings, TENANTS_FILE, AUDIT_SIGNING_KEY };
    instances = [];
    // One after the other: together they would take the time of all.
    while (instances.length < INSTANCES) instances.push(await start());
    await underLoad();
    await until(async () => (await waiting()) === 0, 'everything is sealed');
  },
  180_000 + LOAD_S * 1_000,
);
afterAll(async () => {
  await killAll();
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
  await Promise.all([...writers, watch(goesOn), killAndReplace(goesOn)]);
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

/** Milliseconds that the oldest event without a leaf has been there. */
async function waiting(): Promise<number> {
  const { rows } = await sql<{ age: number }>`
    select extract(epoch from clock_timestamp() - occurred_at)::float * 1000 as age from audit_event
    where not exists (select from audit_leaf where event_id = id)
    order by id limit 1`.execute(bff.database.kysely);
  return rows[0]?.age ?? 0;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + SEALED_WITHIN;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not so in time: ${what}`);
    await pause(50);
  }
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

it('left nothing unsealed for ten seconds', () => {
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(SEALED_WITHIN);
});

it('numbered leaves and seals without gaps', async () => {
  const { rows } = await sql<{ log: string }>`
    select log.log, tree_size = leaves and tree_size = last_leaf + 1 as leaves, seal = seals as seals
    from audit_log as log
    join (select log, count(*) as leaves, max(leaf_index) as last_leaf from audit_leaf group by log) as leaf
      on leaf.log = log.log
    join (select log, count(*) as seals from audit_seal group by log) as seals on seals.log = log.log
    order by log`.execute(bff.database.kysely);
  const whole = (log: string): object => ({ log, leaves: true, seals: true });
  expect(rows.filter(({ log }) => TENANTS.includes(log))).toEqual(TENANTS.map(whole));
});

it.each(TENANTS)(
  'has one unbroken log of %s, with every seal that any instance ever logged',
  async (tenant) => {
    const seals = started.map(({ output }) => output);
    const [exported, keys] = [await exportTrail(bff, { tenant_id: tenant }), await keysOf(bff)];
    const { code, out, err } = await verify({ exported, keys, seals });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/ {2}[1-9]\d* seals kept outside are in it/);
    expect(out).toContain('  0 leaves without their events');
  },
);
