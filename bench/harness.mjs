// What every benchmark needs: PostgreSQL, an identity provider, a billing API and the BFF as a process of its own;
// an end to every wait; and nothing left behind.
import { Buffer } from 'node:buffer';
import { fork, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { clearTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { exportJWK, SignJWT } from 'jose';
import pg from 'pg';
import { startPostgres, stopPostgres } from '../test/support/postgres-server.mjs';

/** Milliseconds for one start, and for one stop or any other step of cleaning up. */
const START_DEADLINE = 120_000;
const STOP_DEADLINE = 30_000;
/** Milliseconds that the peers keep an idle connection: longer than any benchmark takes. */
const KEEP_ALIVE = 3_600_000;

/** Milliseconds between two looks at the BFF's event loop. */
const LOOP_RESOLUTION = 10;

/** The CPU of the BFF, and that of everything else, once `pin` is called. */
const CPUS = { bff: 1, others: 0 };
let pinned = false;

const ENTRY = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** Of `npm run start:prod`. */
const FLAGS = /^exec node ([^"]*) "/m.exec(
  readFileSync(new URL('../scripts/start.sh', import.meta.url), 'utf8'),
)?.[1];
if (FLAGS === undefined) throw new Error('scripts/start.sh starts Node without flags');
const ISSUER = 'https://idp.example.com/';
const INVOICING_ENTITY = 'ive_7n42DGM5Tflk9n8mt7Fhc7';

/** The one customer. No patch changes it, so that each one differs from what is read before it, and is sent. */
export const CUSTOMER = {
  id: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Acme GmbH',
  alias: null,
  billing_email: null,
  invoicing_emails: [],
  phone: null,
  currency: 'EUR',
  invoicing_entity_id: INVOICING_ENTITY,
  vat_number: null,
  custom_taxes: [],
  billing_address: null,
  shipping_address: null,
};

/**
 * Loaded into the BFF before it starts: it stops when this process is gone. When it is asked, it says how much heap is
 * in use after a full collection, or how late its event loop was since it was asked last. The BFF itself knows nothing
 * of it.
 */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const delay = monitorEventLoopDelay({ resolution: ${LOOP_RESOLUTION} });
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (about) => {
    if (about === 'memory') {
      globalThis.gc();
      globalThis.gc();
      process.send(process.memoryUsage());
      return;
    }
    process.send({ max: delay.max / 1e6, p99: delay.percentile(99) / 1e6 });
    delay.reset();
    delay.enable();
  });
  process.channel?.unref();
`)}`;

/** Undone in reverse order, whatever happens. */
const undo = [];

/** Runs a benchmark to its end, within so many milliseconds, and ends the process: with 1 if it could not measure. */
export async function run(benchmark, deadline) {
  const interrupted = new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error(signal)));
  });
  try {
    if (!existsSync(ENTRY)) throw new Error('dist/main.js does not exist: npm run build');
    await within(deadline, 'the benchmark took too long', Promise.race([benchmark(), interrupted]));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  for (const step of undo.reverse()) {
    try {
      await within(STOP_DEADLINE, 'cleaning up took too long', Promise.resolve(step()));
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
  }
  process.exit();
}

/**
 * The BFF has a CPU of its own from now on, and everything else shares the other: it is the BFF that is measured, and
 * not who gets the CPU. @returns false where there are not two, or no taskset
 */
export function pin() {
  const parameters = ['-a', '-p', '-c', String(CPUS.others), String(process.pid)];
  const { status } = availableParallelism() < 2 ? {} : spawnSync('taskset', parameters, { stdio: 'ignore' });
  pinned = status === 0;
  return pinned;
}

export async function within(ms, message, promise) {
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

/**
 * Everything around the BFF, and a caller's token, good for any tenant.
 * @param handleBilling what the billing API does: `(request, response, body as text)`
 */
export async function startSurroundings(handleBilling) {
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  undo.push(stopPostgres);
  const postgres = await startPostgres();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES256', use: 'sig' };
  const jwks = await listen((_request, response) => answer(response, { keys: [jwk] }));
  const billing = await listen((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => handleBilling(request, response, Buffer.concat(chunks).toString()));
  });
  /** A caller's token: good for any tenant that has one. */
  const tokenOf = (subject, scope = 'customers:write audit:read tenants:any') =>
    new SignJWT({ scope, client_id: 'bench' })
      .setProtectedHeader({ alg: 'ES256', kid: 'bench' })
      .setIssuer(ISSUER)
      .setAudience('billing-bff')
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  const token = await tokenOf('bench');
  const settings = {
    NODE_ENV: 'production',
    PORT: '0',
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: 'billing-bff',
    AUTH_JWKS_URL: `${jwks.url}/jwks`,
    BILLING_API_URL: billing.url,
    ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64url')}`,
    AUDIT_SIGNING_KEYS: `bench:${randomBytes(32).toString('base64url')}`,
    RATE_LIMIT_PER_MINUTE: '0',
    CALLER_MAX_IN_FLIGHT: '100000',
  };
  return { folder, postgres, settings, token, tokenOf, billing };
}

async function listen(handler) {
  const server = createServer(handler);
  // Connections that this process closes while the BFF sends on them would be failures of the benchmark's own.
  server.keepAliveTimeout = KEEP_ALIVE;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  return { server, port, url: `http://127.0.0.1:${port}` };
}

export function answer(response, body, status = 200) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** A database and a tenants' file of their own, and the environment of a BFF that uses them. */
export async function prepare(name, tenantIds, { folder, postgres, settings }) {
  const client = new pg.Client({ connectionString: postgres });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const databaseUrl = new URL(postgres);
  databaseUrl.pathname = `/${name}`;
  const file = join(folder, `${name}.json`);
  const entries = tenantIds.map((id) => ({
    id,
    token: `pv_live_${id}_${randomBytes(24).toString('hex')}`,
    invoicing_entities: [INVOICING_ENTITY],
  }));
  writeFileSync(file, JSON.stringify(entries), { mode: 0o600 });
  return { folder, environment: { ...settings, DATABASE_URL: databaseUrl.href, TENANTS_FILE: file } };
}

/** To be undone when the benchmark ends, however it does. */
export function undoLater(step) {
  undo.push(step);
}

/** The BFF, once it says where it listens; with the flags of `npm run start:prod`, and others. */
export function start(place, others = []) {
  return startProcess([...FLAGS.split(' '), ...others, '--expose-gc', '--import', HOOK, ENTRY], place);
}

/** A process of Node.js, once it says where it listens. What it can be asked only the BFF's hook answers. */
export async function startProcess(parametersOfNode, { environment, folder }) {
  const began = performance.now();
  // Not in the repository: no stray .env adds settings.
  const command = [process.execPath, ...parametersOfNode];
  const [program, ...parameters] = pinned ? ['taskset', '-c', String(CPUS.bff), ...command] : command;
  const child = spawn(program, parameters, {
    cwd: folder,
    env: { ...environment, DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lastLines = [];
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  undo.push(kill);
  const url = await within(
    START_DEADLINE,
    'a process did not start in time',
    new Promise((resolve, reject) => {
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => {
          lastLines.push(line);
          if (lastLines.length > 20) lastLines.shift();
          const listening = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
          if (listening !== null) resolve(listening[1]);
        });
      }
      ended.then((code) => reject(new Error(`a process ended with ${code}:\n${lastLines.join('\n')}`)));
    }),
  );
  const tookMs = performance.now() - began;
  const stop = async () => {
    child.kill('SIGTERM');
    await within(STOP_DEADLINE, 'the BFF did not stop in time', ended);
    undo.splice(undo.indexOf(kill), 1);
  };
  const ask = (about) =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send(about);
    });
  const heapMb = async () => {
    const { heapUsed, external } = await ask('memory');
    return (heapUsed + external) / 2 ** 20;
  };
  /** Milliseconds that its event loop was late since the last call: the longest, and the 99th percentile. */
  const loopDelay = async () => {
    const { max, p99 } = await ask('delay');
    return { max: max - LOOP_RESOLUTION, p99: p99 - LOOP_RESOLUTION };
  };
  return {
    url,
    pid: child.pid,
    tookMs,
    stop,
    heapMb,
    loopDelay,
    rssMb: () => rssMb(child.pid),
    cpuMs: () => cpuMs(child.pid),
  };
}

/**
 * A part of the load as a process of its own: what it times is not held up by the rest, nor the rest by it.
 * @param module in this folder: it says when it is ready, begins at `go`, and answers whatever else it is told with its result
 */
export async function apart(module, parameters) {
  const child = fork(new URL(module, import.meta.url), [JSON.stringify(parameters)]);
  undo.push(() => child.kill('SIGKILL'));
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error(`${module} ended`))));
  const message = () =>
    within(
      STOP_DEADLINE,
      `${module} said nothing`,
      Promise.race([ended, new Promise((said) => child.once('message', said))]),
    );
  await message();
  return {
    go: () => child.send('go'),
    end() {
      child.send('end');
      return message();
    },
  };
}

/** Resident memory; undefined where there is no /proc. */
export function rssMb(pid) {
  if (process.platform !== 'linux') return undefined;
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

/** What the main thread had of the CPUs, and how long it was ready and waited for one; undefined without /proc. */
function cpuMs(pid) {
  if (process.platform !== 'linux') return undefined;
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
  return { ran: ran / 1e6, waited: waited / 1e6 };
}

/** Patches the customer; @returns status, headers, body as text and the milliseconds it took. */
export async function patch(pool, token, tenantId, name) {
  const began = performance.now();
  const { statusCode, headers, body } = await pool.request({
    method: 'PATCH',
    path: `/api/v1/customers/${CUSTOMER.id}`,
    headers: {
      authorization: `Bearer ${token}`,
      'x-tenant-id': tenantId,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ name }),
    headersTimeout: STOP_DEADLINE,
    bodyTimeout: STOP_DEADLINE,
  });
  const text = await body.text();
  return { status: statusCode, headers, text, ms: performance.now() - began };
}
