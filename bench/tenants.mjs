// What ten thousand tenants cost: start time, memory, and looking up one that is cached.
// After `npm run build`: node bench/tenants.mjs
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { answer, CUSTOMER, patch, prepare, run, start, startSurroundings } from './harness.mjs';
import { list, median, met, number, print } from './report.mjs';

const FEW = 2;
const MANY = 10_000;
const RESTARTS = 5;
const WORKERS = 8;
const FINDS = 1_000_000;
/** Milliseconds for everything. */
const DEADLINE = 300_000;

const LIMITS = { start: 2_000, memory: 50, find: 5 };

/** How many patches the billing API got, and with which tokens. */
const billing = { patches: 0, tokens: new Set() };

async function main() {
  const find = await measureFind();
  const surroundings = await startSurroundings(handleBilling);
  const few = await prepareMany(FEW, surroundings);
  const many = await prepareMany(MANY, surroundings);

  // In turns, so that whatever else the machine does meets both.
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    for (const setup of [few, many]) setup.starts.push(await startTime(setup));
  }
  const memory = {
    few: await measureMemory(few, surroundings),
    many: await measureMemory(many, surroundings),
  };
  report({ few, many, memory, find });
}

function handleBilling(request, response, body) {
  if (request.method !== 'PATCH') {
    answer(response, CUSTOMER);
    return;
  }
  billing.patches += 1;
  billing.tokens.add(request.headers.authorization);
  answer(response, { ...CUSTOMER, ...JSON.parse(body) });
}

/** Settings, database and tenants' file of one size, and how long the first start took, which loads the tenants. */
async function prepareMany(tenants, surroundings) {
  const ids = Array.from({ length: tenants }, (_, index) => tenantId(index));
  const setup = { ...(await prepare(`bench_${tenants}`, ids, surroundings)), tenants, starts: [] };
  return { ...setup, firstStart: await startTime(setup) };
}

const tenantId = (index) => `tenant-${String(index).padStart(5, '0')}`;

/** Milliseconds from the spawn to the line that says where it listens. */
async function startTime(setup) {
  const bff = await start(setup);
  await bff.stop();
  console.error(`${setup.tenants} tenants: started in ${bff.tookMs.toFixed(0)} ms`);
  return bff.tookMs;
}

/** As many patches for either, so that what differs is the number of tenants. */
async function measureMemory(setup, { token }) {
  const bff = await start(setup);
  const afterStart = { rss: bff.rssMb(), heap: await bff.heapMb() };
  billing.patches = 0;
  billing.tokens.clear();
  const pool = new Pool(bff.url, { connections: WORKERS });
  const began = Date.now();
  let next = 0;
  const worker = async () => {
    while (next < MANY) {
      const { status, text } = await patch(pool, token, tenantId(next++ % setup.tenants), 'Acme AG');
      if (status !== 200) throw new Error(`a patch was answered ${status}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  const perSecond = MANY / ((Date.now() - began) / 1000);
  const { patches, tokens } = billing;
  if (patches !== MANY || tokens.size !== setup.tenants)
    throw new Error(`${patches} patches with ${tokens.size} tokens reached the billing API`);
  const afterPatches = { rss: bff.rssMb(), heap: await bff.heapMb() };
  await pool.close();
  await bff.stop();
  console.error(`${setup.tenants} tenants: memory ${JSON.stringify({ afterStart, afterPatches })}`);
  return { afterStart, afterPatches, perSecond };
}

/** Microseconds of CPU for one find() of a cached tenant and its token's value, over 1,000 tenants in turn. */
async function measureFind() {
  const load = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
  const { TenantCache } = await load('tenants/tenant-cache.js');
  const { tokenContext } = await load('tenants/tenant-change.js');
  const { KeyRing } = await load('crypto/key-ring.js');
  const { SystemClock } = await load('runtime/clock.js');
  const ring = new KeyRing([{ kid: 'k', key: randomBytes(32) }]);
  let reads = 0;
  const store = {
    async find(id) {
      reads += 1;
      const { jwe, kid } = await ring.encrypt(Buffer.from(`token-of-${id}`), tokenContext(id, 1));
      const tenant = { id, name: id, status: 'active', billing_api_url: null, invoicing_entities: null };
      return {
        tenant,
        token: { tenant_id: id, version: 1, token: jwe, kid, fingerprint: 'f', rejected_at: null },
      };
    },
  };
  const silent = { warn: () => undefined, error: () => undefined };
  const cache = new TenantCache(
    store,
    ring,
    { billing: { url: 'https://billing.example.com' } },
    new SystemClock(),
    silent,
  );
  const ids = Array.from({ length: 1_000 }, (_, index) => tenantId(index));
  const round = async (finds) => {
    let length = 0;
    for (let index = 0; index < finds; index += 1) {
      const tenant = await cache.find(ids[index % ids.length]);
      length += tenant.credential.token.reveal().length;
    }
    return length;
  };
  await round(ids.length * 10);
  const before = { cpu: process.cpuUsage(), wall: process.hrtime.bigint(), reads };
  await round(FINDS);
  const { user, system } = process.cpuUsage(before.cpu);
  const wall = Number(process.hrtime.bigint() - before.wall) / 1e3;
  return { cpu: (user + system) / FINDS, wall: wall / FINDS, reads: reads - before.reads };
}

function report({ few, many, memory, find }) {
  const rows = [
    ['', `${FEW} tenants`, `${MANY} tenants`, 'difference', 'limit', ''],
    row('first start, which loads them', 'ms', few.firstStart, many.firstStart),
    row(`restart, median of ${RESTARTS}`, 'ms', median(few.starts), median(many.starts), LIMITS.start),
    ['  each restart, ms', list(few.starts), list(many.starts), '', '', ''],
    row('RSS after start', 'MB', memory.few.afterStart.rss, memory.many.afterStart.rss, LIMITS.memory),
    row(
      `RSS after ${MANY} patches`,
      'MB',
      memory.few.afterPatches.rss,
      memory.many.afterPatches.rss,
      LIMITS.memory,
    ),
    row(
      'heap and buffers after start, collected',
      'MB',
      memory.few.afterStart.heap,
      memory.many.afterStart.heap,
    ),
    row('the same after the patches', 'MB', memory.few.afterPatches.heap, memory.many.afterPatches.heap),
    row('patches', '/s', memory.few.perSecond, memory.many.perSecond),
    [
      'find() of a cached tenant, CPU',
      `${find.cpu.toFixed(2)} µs`,
      '',
      '',
      `${LIMITS.find} µs`,
      met(find.cpu < LIMITS.find),
    ],
  ];
  print(rows);
  console.log(
    `\nfind(): ${FINDS} calls, ${find.wall.toFixed(2)} µs each by the clock, ${find.reads} looked up meanwhile.`,
  );
  if (process.platform !== 'linux')
    console.log('RSS is read from /proc, so on Linux only: not measured here.');
}

function row(what, unit, few, many, limit) {
  if (few === undefined) return [what, 'not measured', 'not measured', '', '', ''];
  const difference = many - few;
  const shown = [few, many, difference].map((value) => `${number(value)} ${unit}`);
  return [
    what,
    ...shown,
    ...(limit === undefined ? ['', ''] : [`${limit} ${unit}`, met(difference < limit)]),
  ];
}

await run(main, DEADLINE);
