// What ten thousand tenants cost: start time, memory, and looking up one that is cached. Issue 3, line 3.
// After `npm run build`: node bench/tenants.mjs
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { exportJWK, SignJWT } from 'jose';
import pg from 'pg';
import { Pool } from 'undici';
import { startPostgres, stopPostgres } from '../test/support/postgres-server.mjs';

const FEW = 2;
const MANY = 10_000;
const RESTARTS = 5;
const WORKERS = 8;
const FINDS = 1_000_000;
/** Milliseconds for everything, for one start, and for one stop. */
const DEADLINE = 300_000;
const START_DEADLINE = 120_000;
const STOP_DEADLINE = 30_000;

const LIMITS = { start: 2_000, memory: 50, find: 5 };

const ENTRY = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ISSUER = 'https://idp.example.com/';
const CUSTOMER_ID = 'cus_7n42DGM5Tflk9n8mt7Fhc7';
const CUSTOMER = {
  id: CUSTOMER_ID,
  name: 'Acme GmbH',
  alias: null,
  billing_email: null,
  invoicing_emails: [],
  phone: null,
  currency: 'EUR',
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  vat_number: null,
  custom_taxes: [],
  billing_address: null,
  shipping_address: null,
};

/**
 * Loaded into the BFF before it starts: it stops when this process is gone, and says how much heap is in use after
 * a full collection when it is asked. The BFF itself knows nothing of it.
 */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', () => { globalThis.gc(); globalThis.gc(); process.send(process.memoryUsage()); });
  process.channel?.unref();
`)}`;

/** Of the last minute: a machine that does something else measures that too. */
const loadBefore = loadavg()[0].toFixed(1);

/** Undone in reverse order, whatever happens. */
const undo = [];

async function main() {
  if (!existsSync(ENTRY)) throw new Error('dist/main.js does not exist: npm run build');
  const find = await measureFind();
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  undo.push(stopPostgres);
  const server = await startPostgres();
  const surroundings = { folder, server, ...(await startPeers()) };
  const few = await prepare(FEW, surroundings);
  const many = await prepare(MANY, surroundings);

  // In turns, so that whatever else the machine does meets both.
  for (let restart = 0; restart < RESTARTS; restart += 1) {
    for (const setup of [few, many]) setup.starts.push(await startTime(setup));
  }
  const memory = {
    few: await measureMemory(few, surroundings),
    many: await measureMemory(many, surroundings),
  };
  print({ few, many, memory, find });
}

/** Settings, database and tenants' file of one size, and how long the first start took, which loads the tenants. */
async function prepare(tenants, { folder, server, settings }) {
  const name = `bench_${tenants}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const databaseUrl = new URL(server);
  databaseUrl.pathname = `/${name}`;
  const file = join(folder, `${name}.json`);
  const entries = Array.from({ length: tenants }, (_, index) => ({
    id: tenantId(index),
    name: `Tenant ${index}`,
    token: `pv_live_${randomBytes(24).toString('hex')}`,
    invoicing_entities: ['ive_7n42DGM5Tflk9n8mt7Fhc7'],
  }));
  writeFileSync(file, JSON.stringify(entries), { mode: 0o600 });
  const environment = { ...settings, DATABASE_URL: databaseUrl.href, TENANTS_FILE: file, DATA_DIR: folder };
  const setup = { tenants, environment, folder, starts: [] };
  return { ...setup, firstStart: await startTime(setup) };
}

const tenantId = (index) => `tenant-${String(index).padStart(5, '0')}`;

/** A JWKS and a billing API of our own, and a caller who may name any tenant. */
async function startPeers() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
  const signing = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const jwks = await listen((_request, response) => answer(response, { keys: [jwk] }));
  const tokensSeen = new Set();
  const billing = await listen((request, response) => {
    tokensSeen.add(request.headers.authorization);
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      answer(response, { ...CUSTOMER, ...(text === '' ? {} : JSON.parse(text)) });
    });
  });
  const token = await new SignJWT({ scope: 'customers:write tenants:any', client_id: 'bench' })
    .setProtectedHeader({ alg: 'ES256', kid: 'bench' })
    .setIssuer(ISSUER)
    .setAudience('billing-bff')
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  const settings = {
    NODE_ENV: 'production',
    PORT: '0',
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: 'billing-bff',
    AUTH_JWKS_URL: `${jwks}/jwks`,
    BILLING_API_URL: billing,
    ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64url')}`,
    AUDIT_SIGNING_KEY: JSON.stringify(signing),
    RATE_LIMIT_PER_MINUTE: '1000000',
  };
  return { settings, token, tokensSeen };
}

async function listen(handler) {
  const server = createServer(handler);
  // Connections that this process closes while the BFF sends on them would be failures of the benchmark's own.
  server.keepAliveTimeout = DEADLINE;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

function answer(response, body) {
  const text = JSON.stringify(body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/** Milliseconds from the spawn to the line that says where it listens. */
async function startTime(setup) {
  const bff = await start(setup);
  await bff.stop();
  console.error(`${setup.tenants} tenants: started in ${bff.tookMs.toFixed(0)} ms`);
  return bff.tookMs;
}

async function start({ environment, folder }) {
  const began = process.hrtime.bigint();
  // Not in the repository: no stray .env adds settings.
  const child = spawn(process.execPath, ['--expose-gc', '--import', HOOK, ENTRY], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lastLines = [];
  const kill = () => child.kill('SIGKILL');
  undo.push(kill);
  const url = await within(
    START_DEADLINE,
    'the BFF did not start in time',
    new Promise((resolve, reject) => {
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => {
          lastLines.push(line);
          if (lastLines.length > 20) lastLines.shift();
          const listening = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
          if (listening !== null) resolve(listening[1]);
        });
      }
      ended.then((code) => reject(new Error(`the BFF ended with ${code}:\n${lastLines.join('\n')}`)));
    }),
  );
  const tookMs = Number(process.hrtime.bigint() - began) / 1e6;
  const stop = async () => {
    child.kill('SIGTERM');
    await within(STOP_DEADLINE, 'the BFF did not stop in time', ended);
    undo.splice(undo.indexOf(kill), 1);
  };
  const heapMb = () =>
    new Promise((resolve) => {
      child.once('message', ({ heapUsed, external }) => resolve((heapUsed + external) / 2 ** 20));
      child.send('memory');
    });
  return { url, tookMs, stop, heapMb, rssMb: () => rssMb(child.pid) };
}

/** Resident memory; undefined where there is no /proc. */
function rssMb(pid) {
  if (process.platform !== 'linux') return undefined;
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** As many patches for either, so that what differs is the number of tenants. */
async function measureMemory(setup, { token, tokensSeen }) {
  const bff = await start(setup);
  const afterStart = { rss: bff.rssMb(), heap: await bff.heapMb() };
  tokensSeen.clear();
  const pool = new Pool(bff.url, { connections: WORKERS });
  const began = Date.now();
  let next = 0;
  const worker = async () => {
    while (next < MANY) {
      const { statusCode, body } = await pool.request({
        method: 'PATCH',
        path: `/api/v1/customers/${CUSTOMER_ID}`,
        headers: {
          authorization: `Bearer ${token}`,
          'x-tenant-id': tenantId(next++ % setup.tenants),
          'content-type': 'application/json',
        },
        body: '{"name":"Acme AG"}',
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`a patch was answered ${statusCode}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  const perSecond = MANY / ((Date.now() - began) / 1000);
  if (tokensSeen.size !== setup.tenants) throw new Error(`${tokensSeen.size} tokens reached the billing API`);
  const afterPatches = { rss: bff.rssMb(), heap: await bff.heapMb() };
  await pool.close();
  await bff.stop();
  console.error(`${setup.tenants} tenants: memory ${JSON.stringify({ afterStart, afterPatches })}`);
  return { afterStart, afterPatches, perSecond };
}

/** Microseconds of CPU for one find() of a cached tenant and its token's value, over 1,000 tenants in turn. */
async function measureFind() {
  const load = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
  const { TenantVault } = await load('tenants/tenant-vault.js');
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
  const vault = new TenantVault(
    store,
    ring,
    { url: 'https://billing.example.com' },
    new SystemClock(),
    silent,
  );
  const ids = Array.from({ length: 1_000 }, (_, index) => tenantId(index));
  const round = async (finds) => {
    let length = 0;
    for (let index = 0; index < finds; index += 1) {
      const tenant = await vault.find(ids[index % ids.length]);
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

function print({ few, many, memory, find }) {
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
      met(find.cpu, LIMITS.find),
    ],
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const [{ model }] = cpus();
  console.log(
    `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${process.platform}, ` +
      `${availableParallelism()} CPUs (${model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GB, load ${loadBefore} before\n\n${lines.join('\n')}`,
  );
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
  return [what, ...shown, ...(limit === undefined ? ['', ''] : [`${limit} ${unit}`, met(difference, limit)])];
}

const met = (value, limit) => (value < limit ? 'met' : 'NOT MET');
const number = (value) => value.toFixed(Math.abs(value) < 100 ? 1 : 0);
const list = (values) => values.map((value) => value.toFixed(0)).join(' ');
const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

async function within(ms, message, promise) {
  let cancel;
  const late = new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(message)), ms);
    cancel = () => clearTimeout(timer);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}

const interrupted = new Promise((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(signal)));
});
try {
  await within(DEADLINE, 'the benchmark took too long', Promise.race([main(), interrupted]));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const step of undo.reverse()) await step();
}
process.exit();
