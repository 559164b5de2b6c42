import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { BffProcess, createSurroundings, killAll, type Surroundings } from './support/bff-process.js';
import { TestIdentityProvider } from './support/identity-provider.js';
import { CUSTOMER, TestUpstream } from './support/upstream.js';

// No container engine is needed: what the Dockerfile puts into the image is put into a folder, and its commands run there,
// as its user, on a file system that cannot be written.

const execute = promisify(execFile);

type Instruction = readonly [name: string, argument: string];

const instructions: readonly Instruction[] = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
/** Those of the last stage. */
const image = instructions.slice(instructions.map(([name]) => name).lastIndexOf('FROM'));
const argumentsOf = (wanted: string, among: readonly Instruction[] = image): string[] =>
  among.filter(([name]) => name === wanted).map(([, argument]) => argument);
const wordsIn = (argument = ''): string[] => JSON.parse(argument.slice(argument.indexOf('['))) as string[];

const environment = Object.fromEntries(
  argumentsOf('ENV')
    .flatMap((argument) => argument.split(' '))
    .map((pair) => pair.split('=')),
) as Record<string, string>;

let upstream: TestUpstream;
let idp: TestIdentityProvider;
let around: Surroundings;
/** The image's root, as far as it is ours. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-'));
  for (const copy of argumentsOf('COPY')) {
    const sources = copy.split(' ').slice(1);
    const target = sources.pop() ?? '';
    for (const source of sources) await add(source.replace(/^\/build\//, ''), target);
  }
  await chmod(folder, 0o755);
});
beforeEach(async () => {
  [upstream, idp] = await Promise.all([TestUpstream.start(), TestIdentityProvider.start()]);
  around = await createSurroundings(upstream, idp);
  await chmod(around.folder, 0o755);
});
afterEach(async () => {
  await killAll();
  await Promise.all([upstream.stop(), idp.stop(), around.remove()]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As COPY does: of a folder its content. The build removes the maps. */
async function add(source: string, target: string): Promise<void> {
  const name = source.slice(source.lastIndexOf('/') + 1);
  const isFolder = (await stat(source)).isDirectory();
  const to = isFolder ? join(folder, target) : join(folder, target, name);
  await mkdir(join(folder, target), { recursive: true });
  await cp(source, to, { recursive: true, filter: (file) => !file.endsWith('.map') });
}

/** A command of the image. Only root can make a read-only root; others have files that they could write. */
function command(words: readonly string[]): readonly [string, ...string[]] {
  const inside = words.map((word) => (existsSync(join(folder, word)) ? join(folder, word) : word));
  if (process.getuid?.() !== 0) return ['env', ...inside];
  const [user = '', group = ''] = (argumentsOf('USER')[0] ?? '').split(':');
  const readOnly = 'mount --bind / / && mount -o remount,ro,bind / && exec "$@"';
  const asUser = ['setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--no-new-privs'];
  return ['unshare', '--mount', 'sh', '-c', readOnly, 'sh', ...asUser, ...inside];
}

const run = (words: readonly string[], settings: Record<string, string>): BffProcess =>
  BffProcess.spawn({ ...environment, ...settings }, folder, command(words));

/** Settings of production, secrets in files. */
async function production(): Promise<Record<string, string>> {
  const { DATABASE_URL: databaseUrl = '', ...settings } = around.settings;
  const keys = run(['node', 'scripts/keys.mjs'], {});
  expect(await keys.ended).toBe(0);
  const secrets = [...keys.stdout.trim().split('\n'), `DATABASE_URL=${databaseUrl}`];
  const files = await Promise.all(
    secrets.map(async (line) => {
      const [name = ''] = line.split('=', 1);
      const file = join(around.folder, name);
      await writeFile(file, `${line.slice(name.length + 1)}\n`);
      return [`${name}_FILE`, file];
    }),
  );
  return {
    ...settings,
    ...(Object.fromEntries(files) as Record<string, string>),
    SHUTDOWN_DELAY_MS: '0',
  };
}

const healthCheck = wordsIn(argumentsOf('HEALTHCHECK')[0]);

it.each(['PORT', 'ADMIN_PORT'])(
  'migrates, serves patches as its user on a read-only root, is healthy on %s, and ends with 0 after SIGTERM',
  async (probed) => {
    const before = await filesOf(folder);
    const settings = { ...(await production()), MIGRATE_AT_START: 'false', [probed]: await freePort() };
    const migrate = run(['node', 'dist/migrate.js'], settings);
    expect([await migrate.ended, migrate.output]).toEqual([0, expect.stringContaining('is up to date')]);

    const service = run(wordsIn(argumentsOf('CMD')[0]), settings);
    await service.listening();
    expect(service.url).toMatch(/^http:\/\/0\.0\.0\.0:/);
    const answer = await fetch(`${service.url ?? ''}/api/v1/customers/${CUSTOMER.id}`, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${await idp.token()}`, 'Content-Type': 'application/json' },
      body: '{"name":"Acme AG"}',
    });
    expect(answer.status).toBe(200);
    expect(await run(healthCheck, settings).ended).toBe(0);
    service.signal('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(await run(healthCheck, settings).ended).toBe(1);
    expect(await filesOf(folder)).toEqual(before);
  },
);

it('says what the image leaves out to those who switch it on', async () => {
  const service = run(wordsIn(argumentsOf('CMD')[0]), { ...(await production()), SWAGGER_ENABLED: 'true' });
  expect(await service.ended).toBe(1);
  expect(service.stderr).toBe(
    'a package is not installed: the image has neither Swagger UI (SWAGGER_ENABLED) nor the embedded database (set DATABASE_URL)\n',
  );
});

it('is built of what .dockerignore lets through, on the recommended Node, by a user that is a number', async () => {
  const sent = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'));
  for (const line of sent) {
    const { stdout } = await execute('git', ['ls-files', line.slice(1)]);
    expect([line, stdout]).not.toEqual([line, '']);
  }
  const patterns = sent.map((line) => line.slice(1));
  const copied = argumentsOf('COPY', instructions.slice(0, -image.length)).flatMap((copy) =>
    copy.split(' ').slice(0, -1),
  );
  for (const source of copied.filter((one) => one !== '.')) expect(patterns).toContain(source);
  expect(argumentsOf('ARG', instructions)).toEqual(['NODE=node:24-slim']);
  expect(argumentsOf('USER')[0]).toMatch(/^[1-9]\d*:[1-9]\d*$/);
});

async function filesOf(root: string): Promise<string[]> {
  return (await readdir(resolve(root), { recursive: true })).sort();
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return String(port);
}
