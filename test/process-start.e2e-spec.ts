import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { BffProcess, createSurroundings, killAll, MAIN, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { CUSTOMER, TestUpstream } from './support/upstream.js';

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
beforeEach(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
});
afterEach(async () => {
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});

it('wrong settings: ends with 1, names every one of them and prints no value', async () => {
  const wrong = {
    NODE_ENV: 'wrong-value-1',
    PORT: 'wrong-value-2',
    LOG_LEVEL: 'wrong-value-3',
    AUTH_JWKS_URL: 'wrong-value-4',
    AUTH_ALGORITHMS: 'HS256,wrong-value-5',
    AUTH_CLOCK_TOLERANCE_S: 'wrong-value-6',
    BILLING_API_URL: 'https://wrong-value-7:password@billing.test',
    BILLING_API_ALLOWED_ORIGINS: 'wrong-value-8',
    BILLING_API_TIMEOUT_MS: '-1wrong-value-9',
    REQUEST_DEADLINE_MS: 'wrong-value-10',
    BILLING_API_MAX_IN_FLIGHT: 'wrong-value-11',
    CUSTOMER_PRE_READ: 'wrong-value-12',
    DATABASE_URL: 'mysql://wrong-value-13',
    ENCRYPTION_KEYS: 'wrong-value-14',
    AUDIT_SIGNING_KEYS: 'kid:wrong-value-15',
    AUDIT_RETENTION_DAYS: 'wrong-value-16',
    RATE_LIMIT_PER_MINUTE: 'wrong-value-17',
    CALLER_MAX_IN_FLIGHT: 'wrong-value-21',
    CORS_ORIGINS: 'wrong-value-18',
    TRUST_PROXY: 'wrong-value-19',
    SWAGGER_ENABLED: 'wrong-value-20',
  };
  const bff = BffProcess.spawn({ ...around.settings, ...wrong }, around.folder);
  expect(await bff.ended).toBe(1);
  expect(Object.keys(wrong).filter((name) => !bff.stderr.includes(name))).toEqual([]);
  expect(bff.output).not.toMatch(/wrong-value|password/);
});

it('scripts/start.sh: this version of Node knows its flags, and the settings are read', () => {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const { status, stderr } = spawnSync(resolve('scripts/start.sh'), {
    ...{ cwd: around.folder, env: { PATH: path }, encoding: 'utf8', timeout: 30_000 },
  });
  expect(stderr).toContain('BILLING_API_URL');
  expect(status).toBe(1);
});

it.each(['fatal'])('a busy port: ends with 1 and says so, at LOG_LEVEL=%s', async (level) => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as AddressInfo;
  const bff = BffProcess.spawn({ ...around.settings, PORT: String(port), LOG_LEVEL: level });
  expect(await bff.ended).toBe(1);
  await new Promise((resolve) => busy.close(resolve));
  expect(bff.stderr).toBe(
    `HOST 127.0.0.1 with PORT ${port} is already in use; stop what uses it, or choose another PORT\n`,
  );
});

it('a busy port for metrics: names ADMIN_PORT', async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as AddressInfo;
  const bff = BffProcess.spawn({ ...around.settings, ADMIN_PORT: String(port) });
  expect(await bff.ended).toBe(1);
  await new Promise((resolve) => busy.close(resolve));
  expect(bff.stderr).toContain(`ADMIN_PORT ${port} is already in use`);
  expect(bff.stderr).toContain('choose another ADMIN_PORT');
});

it('a port that cannot be listened on for another reason: names the settings', async () => {
  const code = `
    import { Server } from 'node:net';
    const { listen } = Server.prototype;
    Server.prototype.listen = function (options, ...others) {
      if (options.port !== 65001) return listen.call(this, options, ...others);
      const error = Object.assign(new Error(), { code: 'EMFILE' });
      process.nextTick(() => this.emit('error', error));
      return this;
    };`;
  const bff = BffProcess.spawn({ ...around.settings, ADMIN_PORT: '65001', NODE_OPTIONS: before(code) });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toBe(
    'HOST 127.0.0.1 with ADMIN_PORT 65001 cannot be listened on (EMFILE); change HOST or ADMIN_PORT\n',
  );
});

it.each(['192.0.2.1', '[::1]'])(
  'HOST=%s, which is no address here: says how HOST is mended',
  async (host) => {
    const bff = BffProcess.spawn({ ...around.settings, HOST: host });
    expect(await bff.ended).toBe(1);
    expect(bff.stderr).toBe(
      `HOST ${host} with PORT 0 is no address of this machine; ` +
        'set HOST to one, such as 127.0.0.1, 0.0.0.0 or ::, without brackets\n',
    );
  },
);

const keyOf = (letter: string): string => `k:${Buffer.from(letter.repeat(32)).toString('base64url')}`;
const keys = { ENCRYPTION_KEYS: keyOf('e'), AUDIT_SIGNING_KEYS: keyOf('s') };

it.each([
  ['for its keys', { ENCRYPTION_KEYS: '' }],
  ['for its database', { ...keys, DATABASE_URL: '' }],
])('a DATA_DIR that is a file, needed %s: says so', async (_what, unset) => {
  const path = join(around.folder, 'file');
  await writeFile(path, '');
  const bff = BffProcess.spawn({ ...around.settings, ...unset, DATA_DIR: path });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toContain(
    `DATA_DIR ${path} cannot be used (EEXIST); choose a folder that the service may write`,
  );
});

it('a DATA_DIR where the kernel makes no folder: says so', async () => {
  const bff = BffProcess.spawn({ ...around.settings, ...keys, DATABASE_URL: '', DATA_DIR: '/proc/bff/data' });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toContain('DATA_DIR /proc/bff/data cannot be used (ENOENT)');
});

it('a DATA_DIR whose path is too long for the lock: says so', async () => {
  const path = join(around.folder, 'x'.repeat(120));
  const bff = BffProcess.spawn({ ...around.settings, ...keys, DATABASE_URL: '', DATA_DIR: path });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toMatch(/the path of DATA_DIR is too long \(\d+ characters\); choose a shorter one\n$/);
});

describe('development keys', () => {
  let dataDir: string;
  let settings: Record<string, string>;
  beforeEach(() => {
    dataDir = join(around.folder, 'data');
    settings = { ...around.settings, ENCRYPTION_KEYS: '', AUDIT_SIGNING_KEYS: '', DATA_DIR: dataDir };
  });

  it('that another process makes at the same moment are used', async () => {
    const made = { 'encryption-key': keyOf('e').slice(2), 'audit-signing-keys': keyOf('s') };
    // Where this process makes a key of its own, it has seen that there is none.
    const code = `
      import crypto from 'node:crypto';
      import { existsSync, writeFileSync } from 'node:fs';
      const { randomBytes } = crypto;
      crypto.randomBytes = (...of) => {
        if (existsSync(${JSON.stringify(dataDir)}))
          for (const [name, key] of Object.entries(${JSON.stringify(made)}))
            writeFileSync(${JSON.stringify(dataDir)} + '/' + name, key);
        return randomBytes(...of);
      };`;
    await BffProcess.start({ ...settings, NODE_OPTIONS: before(code) });
    const kept = readdirSync(dataDir).map((name) => [name, readFileSync(join(dataDir, name), 'utf8')]);
    expect(Object.fromEntries(kept)).toEqual(made);
  });

  it('that can’t be written whole leave no file behind', async () => {
    const code = `
      import fs from 'node:fs';
      const { writeFileSync } = fs;
      fs.writeFileSync = (path, text, options) => {
        writeFileSync(path, text.slice(0, 10), options);
        throw Object.assign(new Error(), { code: 'ENOSPC' });
      };`;
    const bff = BffProcess.spawn({ ...settings, NODE_OPTIONS: before(code) });
    expect(await bff.ended).toBe(1);
    expect(bff.stderr).toContain(`DATA_DIR ${dataDir} cannot be used (ENOSPC)`);
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

it('a tenants’ file that is not there: ends with 1 and says so', async () => {
  const bff = BffProcess.spawn({ ...around.settings, TENANTS_FILE: join(around.folder, 'no-such.json') });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toContain('TENANTS_FILE');
});

describe('two processes on one DATA_DIR', () => {
  it('the first serves on a port that it says at LOG_LEVEL=fatal; the second refuses clearly; after kill -9 of the first a new one starts, and has what was answered', async () => {
    const settings = { ...around.settings, DATABASE_URL: '' };
    const first = await BffProcess.start({ ...settings, LOG_LEVEL: 'fatal' });
    await expectToServe(first);
    // It would wait for nicer threads whenever other processes need the CPU.
    expect(new Set(threadsOf(first.pid).map(({ nice }) => nice)).size).toBe(1);
    const second = BffProcess.spawn(settings);
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain('DATA_DIR');

    const headers = { Authorization: `Bearer ${await idp.token()}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${first.url ?? ''}/api/v1/customers/${CUSTOMER.id}`, {
      method: 'PATCH',
      headers,
      body: '{"name":"Acme"}',
    });
    expect(answer.status).toBe(200);
    await first.kill();
    const next = await BffProcess.start({ ...settings, NODE_OPTIONS: REJECTS_ON_SIGNAL });
    const list = await fetch(`${next.url ?? ''}/api/v1/audit-events?action=customer.patch`, { headers });
    const { data } = (await list.json()) as { data: { phase: string; operation_id: string }[] };
    expect(data.map(({ phase }) => phase)).toEqual(['outcome', 'intent']);
    expect(data[0]?.operation_id).toBe(answer.headers.get('x-operation-id'));

    // What fails behind an answer, where nobody waits for it, is a line in the log.
    next.signal('SIGUSR2');
    const line = 'something failed that nobody waited for';
    await next.until(() => next.stdout.includes(line), `the line “${line}”`);
    expect((await fetch(`${next.url ?? ''}/health/live`)).status).toBe(200);
  }, 180_000);
});

const NO_PRIORITIES = `import os from 'node:os'; os.setPriority = () => { throw new Error('EPERM'); };`;
const NO_PROC = `import fs from 'node:fs'; fs.readdirSync = () => { throw new Error('ENOENT'); };`;

/** Runs the code before the service, which then imports what the code has put into Node's modules. */
function before(code: string): string {
  const exported = `import { syncBuiltinESMExports } from 'node:module'; ${code} syncBuiltinESMExports();`;
  return `--import=data:text/javascript,${encodeURIComponent(exported)}`;
}

it.each<[string, number, string, number]>([
  ['the pool of V8 has a lower priority, and no other thread', 0, '', 4],
  ['a process that is nice itself has a nicer pool', 5, '', 4],
  ['a pool of another size keeps its priority', 0, '--v8-pool-size=2', 0],
  ['a process that may lower no priority starts all the same', 0, before(NO_PRIORITIES), 0],
  ['a process without /proc starts all the same', 0, before(NO_PROC), 0],
])('%s', async (_name, niceness, NODE_OPTIONS, count) => {
  const command = ['nice', '-n', String(niceness), process.execPath, MAIN] as const;
  const bff = BffProcess.spawn({ ...around.settings, NODE_OPTIONS }, around.folder, command);
  await bff.listening();
  const threads = threadsOf(bff.pid);
  const usual = threads.find(({ id }) => id === bff.pid)?.nice ?? NaN;
  const lowered = threads.filter(({ nice }) => nice !== usual);
  expect(lowered.map(({ nice }) => nice)).toEqual(
    Array.from({ length: count }, () => Math.min(usual + 16, 19)),
  );
  // Node.js names its threads from version 24 on.
  for (const { name } of lowered) expect(['node', 'V8Worker']).toContain(name);
});

/** The main thread has the id of its process. `nice` is what Linux calls so. */
function threadsOf(pid: number): { id: number; name: string; nice: number }[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    const [, name = '', rest = ''] = /\((.*)\) (.*)/.exec(stat) ?? [];
    // Field 19 of proc(5); the third is the first behind the name.
    return { id: Number(thread), name, nice: Number(rest.split(' ')[16]) };
  });
}

const REJECTS_ON_SIGNAL =
  '--import=data:text/javascript,process.on(`SIGUSR2`,()=>{Promise.reject(Error(`nobody`))})';

it('settings that are missing: ends with 1 and names them all; .env adds some, but not in production', async () => {
  const cwd = join(around.folder, 'cwd');
  await mkdir(cwd);
  await writeFile(join(cwd, '.env'), 'AUTH_ISSUER=https://from-dot-env.test\n');
  const always = ['AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'BILLING_API_URL'];
  const inProduction = ['AUTH_ISSUER', 'DATABASE_URL', 'ENCRYPTION_KEYS', 'AUDIT_SIGNING_KEYS'];
  const optional = ['TENANTS_FILE', 'LOG_LEVEL'];
  const namedBy = async (bff: BffProcess): Promise<string[]> => {
    expect(await bff.ended).toBe(1);
    expect(bff.stderr).not.toMatch(/\bat .*\(/);
    return [...always, ...inProduction, ...optional].filter((name) => bff.stderr.includes(name));
  };
  expect(await namedBy(BffProcess.spawn({ NODE_ENV: 'production' }, cwd))).toEqual([
    ...always,
    ...inProduction,
  ]);
  expect(await namedBy(BffProcess.spawn({}, cwd))).toEqual(always);
  expect(await namedBy(BffProcess.spawn({}, around.folder))).toEqual([...always, 'AUTH_ISSUER']);
});

/** Port 0 picked a port; the line that says which is there at any LOG_LEVEL; the metrics are those of a process. */
async function expectToServe(bff: BffProcess): Promise<void> {
  expect(bff.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9][0-9]*$/);
  expect(bff.stdout.match(/listening on http/g)).toHaveLength(1);
  for (const line of bff.stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
  // The last one is read from a package, which the bundle does not have.
  for (const path of ['/health/live', '/openapi.json', '/docs', '/docs/swagger-ui.css'])
    expect([path, (await fetch(`${bff.url ?? ''}${path}`)).status]).toEqual([path, 200]);
  const metrics = await (await fetch(`${bff.url ?? ''}/metrics`)).text();
  // The rehearsal counts nothing.
  expect(metrics).toMatch(/^billing_bff_patches_total{outcome="applied"} 0$/m);
  expect(metrics).not.toMatch(/^billing_bff_patch.* [1-9]/m);
  expect(metrics).toMatch(/^process_cpu_seconds_total [0-9.]+$/m);
}
