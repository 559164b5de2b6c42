import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
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

it('without settings it ends with 1 and names all that are missing', async () => {
  const bff = BffProcess.spawn({}, around.folder);
  expect(await bff.ended).toBe(1);
  for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'BILLING_API_URL']) {
    expect(bff.stderr).toContain(name);
  }
  expect(bff.stderr).not.toMatch(/DATABASE_URL|TENANTS_FILE|\bat .*\(/);
});

it('in production it names what production needs as well', async () => {
  const bff = BffProcess.spawn({ NODE_ENV: 'production' }, around.folder);
  expect(await bff.ended).toBe(1);
  for (const name of [
    'AUTH_ISSUER',
    'BILLING_API_URL',
    'DATABASE_URL',
    'ENCRYPTION_KEYS',
    'AUDIT_SIGNING_KEY',
  ]) {
    expect(bff.stderr).toContain(name);
  }
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
    AUDIT_SIGNING_KEY: '{"d":"wrong-value-15"}',
    AUDIT_RETENTION_DAYS: 'wrong-value-16',
    RATE_LIMIT_PER_MINUTE: 'wrong-value-17',
    CORS_ORIGINS: 'wrong-value-18',
    TRUST_PROXY: 'wrong-value-19',
    SWAGGER_ENABLED: 'wrong-value-20',
  };
  const bff = BffProcess.spawn({ ...around.settings, ...wrong }, around.folder);
  expect(await bff.ended).toBe(1);
  expect(Object.keys(wrong).filter((name) => !bff.stderr.includes(name))).toEqual([]);
  expect(bff.output).not.toMatch(/wrong-value|password/);
});

it.each(['fatal'])(
  'port 0 picks one, and the line that says which is there at LOG_LEVEL=%s',
  async (level) => {
    const bff = await BffProcess.start({ ...around.settings, LOG_LEVEL: level });
    expect(bff.url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9][0-9]*$/);
    expect(bff.stdout.match(/listening on http/g)).toHaveLength(1);
    expect((await fetch(`${bff.url ?? ''}/health/live`)).status).toBe(200);
    for (const line of bff.stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('time');
  },
);

it.each(['fatal'])('a busy port: ends with 1 and says so, at LOG_LEVEL=%s', async (level) => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
  const { port } = busy.address() as AddressInfo;
  const bff = BffProcess.spawn({ ...around.settings, PORT: String(port), LOG_LEVEL: level });
  expect(await bff.ended).toBe(1);
  await new Promise((resolve) => busy.close(resolve));
  expect(bff.output).toContain(String(port));
  expect(bff.output).toMatch(/already in use|is taken|is busy/i);
});

it.each<[string, string]>([
  ['faults', '[{"id":"a b","token":"secret-of-tenant "},{"token":{"env":"NOT_SET"}},{"id":"x","token":7}]'],
])(
  'a broken tenants’ file (%s) changes nothing: it starts, says what is wrong, prints no token',
  async (_, text) => {
    await writeFile(around.tenantsFile, text);
    const bff = await BffProcess.start(around.settings);
    const lines = bff.stdout.split('\n').filter((line) => line.includes('TENANTS_FILE is not usable'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 50,
      faults: expect.arrayContaining([expect.any(String)]) as string[],
    });
    expect(bff.output).not.toContain('secret-of-tenant');
    await bff.kill();
  },
);

it('a tenants’ file that is not there: ends with 1 and says so', async () => {
  const bff = BffProcess.spawn({ ...around.settings, TENANTS_FILE: join(around.folder, 'no-such.json') });
  expect(await bff.ended).toBe(1);
  expect(bff.stderr).toContain('TENANTS_FILE');
});

describe('two processes on one DATA_DIR', () => {
  it('the second refuses clearly; after kill -9 of the first a new one starts, and has what was answered', async () => {
    const first = await BffProcess.start(around.settings);
    const second = BffProcess.spawn(around.settings);
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain('DATA_DIR');
    expect((await fetch(`${first.url ?? ''}/health/ready`)).status).toBe(200);

    const headers = { Authorization: `Bearer ${await idp.token()}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${first.url ?? ''}/api/v1/customers/${CUSTOMER.id}`, {
      method: 'PATCH',
      headers,
      body: '{"name":"Acme"}',
    });
    expect(answer.status).toBe(200);
    await first.kill();
    const next = await BffProcess.start(around.settings);
    const list = await fetch(`${next.url ?? ''}/api/v1/audit-events`, { headers });
    const { data } = (await list.json()) as { data: { phase: string; operation_id: string }[] };
    expect(data.map(({ phase }) => phase)).toEqual(['outcome', 'intent']);
    expect(data[0]?.operation_id).toBe(answer.headers.get('x-operation-id'));
  });
});

describe('a tenants’ file that changes', () => {
  it('acts within five seconds; one that breaks changes nothing', async () => {
    const bff = await BffProcess.start(around.settings);
    const authorization = `Bearer ${await idp.token()}`;
    const patch = async (): Promise<string> => {
      const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
      await fetch(`${bff.url ?? ''}/api/v1/customers/${CUSTOMER.id}`, {
        method: 'PATCH',
        headers,
        body: '{"name":"Acme"}',
      });
      return String(upstream.requests.at(-1)?.headers.authorization);
    };
    const old = await patch();
    await writeFile(around.tenantsFile, (await readFile(around.tenantsFile, 'utf8')).slice(0, -3));
    await bff.until(() => /"level":50[^\n]*TENANTS_FILE/.test(bff.stdout), 'the error line');
    expect(await patch()).toBe(old);
    const changedAt = Date.now();
    await writeFile(around.tenantsFile, JSON.stringify([{ id: 'acme', token: 'the-next-token' }]));
    await bff.until(async () => (await patch()) === 'Bearer the-next-token', 'the next token');
    expect(Date.now() - changedAt).toBeLessThan(5_500);
    expect(bff.output).not.toContain('the-next-token');
  });
});

it('settings in .env are for development: production does not read them', async () => {
  const cwd = join(around.folder, 'cwd');
  await mkdir(cwd);
  await writeFile(join(cwd, '.env'), 'AUTH_ISSUER=https://from-dot-env.test\n');
  const production = BffProcess.spawn({ NODE_ENV: 'production' }, cwd);
  expect(await production.ended).toBe(1);
  expect(production.stderr).toContain('AUTH_ISSUER');
  const development = BffProcess.spawn({}, cwd);
  expect(await development.ended).toBe(1);
  expect(development.stderr).not.toContain('AUTH_ISSUER');
});
