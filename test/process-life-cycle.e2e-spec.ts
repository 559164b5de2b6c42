import { randomBytes } from 'node:crypto';
import { connect, createServer, type AddressInfo } from 'node:net';
import { Agent, type ServerResponse } from 'node:http';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { patchRaw } from './support/raw-request.js';
import { answerJson, CUSTOMER, TestUpstream } from './support/upstream.js';

const PATH = `/api/v1/customers/${CUSTOMER.id}`;

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
let headers: Record<string, string>;
beforeEach(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
  headers = { Authorization: `Bearer ${await idp.token()}`, 'Content-Type': 'application/json' };
});
afterEach(async () => {
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});

async function statusOf(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<number> {
  const answer = await fetch(url, { ...init, headers: { Connection: 'close', ...init.headers } });
  await answer.arrayBuffer();
  return answer.status;
}

const key = (): string => `k:${randomBytes(32).toString('base64url')}`;

it('npm run start:prod is production, and SIGTERM to npm ends the service with 0', async () => {
  const embedded = around.settings['DATABASE_URL'] === undefined;
  const mode: Record<string, string> = embedded
    ? { NODE_ENV: 'test' }
    : { ENCRYPTION_KEYS: key(), AUDIT_SIGNING_KEYS: key(), SHUTDOWN_DELAY_MS: '0' };
  const npm = BffProcess.npm('start:prod', { ...around.settings, ...mode });
  await npm.listening();
  expect(npm.stdout).toContain(`"environment":"${embedded ? 'test' : 'production'}"`);
  expect(await statusOf(`${npm.url ?? ''}/docs`)).toBe(embedded ? 200 : 404);
  npm.signal('SIGTERM');
  expect(await npm.ended).toBe(0);
  expect(npm.stdout).toContain('"msg":"stopped"');
  expect(await refusesConnections(npm.url ?? '')).toBe(true);
});

it('after SIGTERM it is not ready, and serves for SHUTDOWN_DELAY_MS; further signals change nothing', async () => {
  const bff = await BffProcess.start({ ...around.settings, SHUTDOWN_DELAY_MS: '2000' });
  const url = bff.url ?? '';
  // As a balancer does.
  const agent = new Agent({ keepAlive: true });
  const connectionAfter = async (): Promise<string | null> =>
    (await patchRaw(url, PATH, { headers, body: '{"name":"Acme"}', agent })).headers.get('connection');
  expect(await connectionAfter()).toBe('keep-alive');
  const signalled = performance.now();
  bff.signal('SIGTERM');
  await bff.until(async () => (await statusOf(`${url}/health/ready`)) === 503, 'the end of readiness');
  bff.signal('SIGTERM');
  bff.signal('SIGINT');
  expect(await statusOf(url + PATH, { method: 'PATCH', headers, body: '{"name":"Acme"}' })).toBe(200);
  // No connection is left open for a request that would meet its end.
  expect(await connectionAfter()).toBe('close');
  expect(performance.now() - signalled).toBeLessThan(2_000);
  expect(await bff.ended).toBe(0);
  expect(performance.now() - signalled).toBeGreaterThan(2_000);
});

it('a signal before it serves ends it with 0', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const asked = new Promise((resolve) => silent.once('connection', resolve));
  const DATABASE_URL = `postgres://bff@127.0.0.1:${port}/bff`;
  const bff = BffProcess.spawn({ ...around.settings, DATABASE_URL });
  await asked;
  bff.signal('SIGTERM');
  expect(await bff.ended).toBe(0);
  silent.close();
});

it('with ADMIN_PORT metrics and probes are there alone, until the end', async () => {
  const held: ServerResponse[] = [];
  upstream.readAs(CUSTOMER, (_request, response) => void held.push(response));
  const bff = await BffProcess.start({ ...around.settings, ADMIN_PORT: '0' });
  const [url, admin] = [bff.url ?? '', bff.adminUrl ?? ''];
  expect(bff.stdout.match(/listening on http/g)).toHaveLength(1);
  const paths = ['/health/live', '/health/ready', '/metrics', '/docs', '/openapi.json', PATH, '/nowhere'];
  const statuses = async (base: string): Promise<number[]> =>
    Promise.all(paths.map((path) => statusOf(base + path)));
  expect(await statuses(url)).toEqual([404, 404, 404, 200, 200, 401, 404]);
  expect(await statuses(admin)).toEqual([200, 200, 200, 404, 404, 404, 404]);
  const unknown = await fetch(`${admin}/nowhere`, { headers: { 'X-Request-Id': 'mine' } });
  expect([unknown.headers.get('content-type'), unknown.headers.get('x-request-id')]).toEqual([
    'application/problem+json; charset=utf-8',
    'mine',
  ]);
  expect(await unknown.json()).toMatchObject({ type: 'urn:billing-bff:problem:not-found' });
  expect(await statusOf(`${admin}/metrics`, { method: 'POST' })).toBe(405);
  expect(await (await fetch(`${admin}/metrics`)).text()).toMatch(/^process_cpu_seconds_total /m);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(document.paths).filter((path) => !path.startsWith('/api/'))).toEqual([]);

  const answered = patchRaw(url, PATH, { headers, body: '{"name":"Acme AG"}' });
  await bff.untilHeld(answered, () => held.length === 1);
  bff.signal('SIGTERM');
  await bff.until(() => refusesConnections(url), 'the end of new connections');
  expect(await Promise.all([statusOf(`${admin}/health/live`), statusOf(`${admin}/health/ready`)])).toEqual([
    200, 503,
  ]);
  for (const response of held) answerJson(response, 200, { ...CUSTOMER, name: 'Acme AG' });
  expect((await answered).status).toBe(200);
  expect(await bff.ended).toBe(0);
});

it('SIGUSR2 lets it log more, and again as much as before', async () => {
  const bff = await BffProcess.start({ ...around.settings, LOG_LEVEL: 'error' });
  const probes = (): number => bff.stdout.split('"route":"/health/live"').length - 1;
  const live = () => statusOf(`${bff.url ?? ''}/health/live`);
  const changed = (level: string) => (): boolean => bff.stdout.includes(`"log_level":"${level}"`);
  await live();
  bff.signal('SIGUSR2');
  await bff.until(changed('debug'), 'the level debug');
  expect(probes()).toBe(0);
  await live();
  await bff.until(() => probes() === 1, 'the line of a probe');
  bff.signal('SIGUSR2');
  await bff.until(changed('error'), 'the level error');
  await live();
  bff.signal('SIGTERM');
  expect(await bff.ended).toBe(0);
  expect(probes()).toBe(1);
});

it('npm run keys prints keys that the settings take, others each time', async () => {
  const printed = async (): Promise<Record<string, string>> => {
    const npm = BffProcess.npm('keys', {});
    expect(await npm.ended).toBe(0);
    return Object.fromEntries(
      [...npm.stdout.matchAll(/^(ENCRYPTION_KEYS|AUDIT_SIGNING_KEYS)=(\S+)$/gm)].map(([, name, value]) => [
        name,
        value,
      ]),
    ) as Record<string, string>;
  };
  const [one, other] = [await printed(), await printed()];
  expect(Object.keys(one)).toEqual(['ENCRYPTION_KEYS', 'AUDIT_SIGNING_KEYS']);
  expect(new Set([...Object.values(one), ...Object.values(other)]).size).toBe(4);
  const bff = await BffProcess.start({ ...around.settings, ...one });
  expect(await statusOf(`${bff.url ?? ''}/health/live`)).toBe(200);
});

it('npm run migrate ends with 0 once the database is up to date, else with 1 and the reason, without a secret', async () => {
  const migrate = async (settings: Record<string, string>): Promise<[number | string, string]> => {
    const npm = BffProcess.npm('migrate', settings);
    return [await npm.ended, npm.output];
  };
  const { DATABASE_URL = '', DATA_DIR = '' } = around.settings;
  const [code, output] = await migrate({ DATABASE_URL, DATA_DIR });
  expect([code, output]).toEqual([0, expect.stringMatching(/up to date; migrations that were run: 0/)]);
  const closed = 'postgres://bff:S3CR3T@127.0.0.1:1/bff';
  const [failed, why] = await migrate({ DATABASE_URL: closed });
  expect([failed, why]).toEqual([
    1,
    expect.stringMatching(
      /the database cannot be opened: no connection to PostgreSQL at 127\.0\.0\.1:1 \(ECONNREFUSED\)/,
    ),
  ]);
  const [refused, faults] = await migrate({ NODE_ENV: 'production' });
  expect([refused, faults]).toEqual([1, expect.stringMatching(/DATABASE_URL is required in production/)]);
  expect(why + faults).not.toMatch(/S3CR3T|^ +at /m);
});

function refusesConnections(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => {
      resolve(true);
    });
  });
}
