import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Sandbox, startSandbox } from './launcher.js';
import { listen } from './listen.js';
import { FIRST_CUSTOMER, OFFERED_CUSTOMERS } from './seeds.js';
import { members } from './shape.js';
import { tryPatch } from './try-patch.js';

/** The least that passes for a BFF: it tells what it was given. */
const FAKE_BFF = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => {
    if (request.url === '/env') return response.end(JSON.stringify({ env: process.env, cwd: process.cwd() }));
    response.end();
  });
  server.listen(Number(process.env.PORT), process.env.HOST, () => {
    console.log('{"level":30,"time":"2026-11-26T05:09:17.135Z","msg":"listening on http://127.0.0.1:' + server.address().port + '"}');
  });
  process.on('SIGTERM', () => process.exit(0));
`;

let folder: string;
let sandbox: Sandbox | undefined;
let terminal: jest.SpyInstance;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'sandbox-')));
  sandbox = undefined;
  terminal = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(async () => {
  await sandbox?.stop();
  terminal.mockRestore();
  rmSync(folder, { recursive: true });
});

const FREE_PORTS = { PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0', SANDBOX_DATA_DIR: 'data' };

function start(
  bff: string,
  env: Record<string, string> = {},
  signal = new AbortController().signal,
): Promise<Sandbox> {
  const bffEntry = path.join(folder, 'bff.mjs');
  writeFileSync(bffEntry, bff);
  return startSandbox({ env: { ...process.env, ...FREE_PORTS, ...env }, root: folder, bffEntry, signal });
}

const json = async (url: string): Promise<unknown> => (await fetch(url)).json();

it('gives the BFF its settings and nothing stray', async () => {
  const stray = {
    NODE_ENV: 'production',
    AUTH_TENANT_CLAIM: 'org',
    HTTP_PROXY: 'http://x.test',
    LOG_LEVEL: 'warn',
  };
  sandbox = await start(FAKE_BFF, { ...stray, TENANTS_FILE: '/stray' });
  const { bff_url, billing_api_url, issuer } = sandbox.running;
  const data = path.join(folder, 'data');
  const { env, cwd } = members(await json(`${bff_url}/env`), 'answer');
  expect(cwd).toBe(data);
  expect(
    Object.fromEntries(Object.entries(members(env, 'env')).filter(([name]) => !SYSTEM.has(name))),
  ).toEqual({
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    AUTH_ISSUER: issuer,
    AUTH_AUDIENCE: 'billing-bff',
    AUTH_JWKS_URL: `${issuer}/jwks`,
    BILLING_API_URL: billing_api_url,
    BILLING_API_ALLOWED_ORIGINS: `${billing_api_url},http://127.0.0.1:9`,
    BILLING_API_TIMEOUT_MS: '2000',
    CORS_ORIGINS: 'http://localhost:*,http://127.0.0.1:*',
    TENANTS_FILE: path.join(data, 'tenants.json'),
    DATA_DIR: path.join(data, 'bff'),
    SWAGGER_OAUTH_TOKEN_URL: `${issuer}/token`,
    SWAGGER_OAUTH_CLIENT_ID: 'acme-web',
    SWAGGER_OAUTH_CLIENT_SECRET: 'acme-web-sandbox-secret',
    SWAGGER_CUSTOMERS: JSON.stringify(OFFERED_CUSTOMERS),
    CONSOLE_OAUTH_AUTHORIZE_URL: `${issuer}/authorize`,
    CONSOLE_OAUTH_TOKEN_URL: `${issuer}/token`,
    CONSOLE_OAUTH_CLIENT_ID: 'acme-web',
    CONSOLE_OAUTH_LOGIN_HINTS: 'ada,grace,auditor,operator',
  });
});

const SYSTEM = new Set([
  ...[
    'PATH',
    'HOME',
    'USER',
    'SHELL',
    'TERM',
    'LANG',
    'LC_ALL',
    'TZ',
    'TMPDIR',
    'TEMP',
    'TMP',
    'NODE_OPTIONS',
  ],
  // Of the channel that ends the BFF with its launcher.
  ...['NO_COLOR', 'FORCE_COLOR', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE'],
]);

it('prints the addresses, a token on a line of its own, and one curl command', async () => {
  sandbox = await start(FAKE_BFF);
  const { bff_url, billing_api_url, issuer } = sandbox.running;
  for (const address of [`${bff_url}/docs`, billing_api_url, issuer])
    expect(sandbox.banner).toContain(address);
  const lines = sandbox.banner.split('\n');
  const token = lines.find((line) => line.startsWith('eyJ')) ?? '';
  expect(lines.filter((line) => line.startsWith('curl'))).toEqual([
    `curl -sS --noproxy '*' -X PATCH '${bff_url}/api/v1/customers/${FIRST_CUSTOMER.id}' ` +
      `-H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' ` +
      `-d '{"name":"Ada Example Analytical Engines","phone":"+49 30 5550 1002"}' -w '\\n%{http_code}\\n'`,
  ]);
});

it('says in a word what each client may do', async () => {
  sandbox = await start(FAKE_BFF);
  const may = (id: string): string | undefined =>
    new RegExp(`^ {2}${id} .* {2}(.*)$`, 'm').exec(sandbox?.banner ?? '')?.[1];
  expect(['acme-web', 'ada', 'grace', 'auditor', 'operator'].map(may)).toEqual([
    'patches, reads, audits',
    'sees the values behind the masks of the trail',
    'patches contact fields only',
    'reads, audits',
    'sends X-Tenant-Id; administers tenants',
  ]);
});

it('gives every customer its alias back at the next start, and keeps what else was patched', async () => {
  sandbox = await start(FAKE_BFF);
  const customers = (): string => `${sandbox?.running.billing_api_url ?? ''}/api/v1/customers`;
  const headers = {
    authorization: 'Bearer sandbox-billing-token-acme-1',
    'content-type': 'application/json',
  };
  const ids = [FIRST_CUSTOMER.id, 'cus_Slow'];
  for (const id of ids) {
    const body = JSON.stringify({ alias: `renamed-${id}`, phone: '+49 30 5550 9999' });
    const response = await fetch(`${customers()}/${id}`, { method: 'PATCH', headers, body });
    expect(response.status).toBe(200);
  }
  await sandbox.stop();
  sandbox = await start(FAKE_BFF);
  const kept = await Promise.all(
    ids.map(async (id) => members(await (await fetch(`${customers()}/${id}`, { headers })).json(), 'answer')),
  );
  expect(kept.map(({ alias, phone }) => [alias, phone])).toEqual([
    ['ada-engines', '+49 30 5550 9999'],
    ['slow', '+49 30 5550 9999'],
  ]);
});

it('keeps its files for the owner alone, and takes back sandbox.json when it stops', async () => {
  sandbox = await start(FAKE_BFF);
  const data = path.join(folder, 'data');
  expect(readdirSync(data).sort()).toEqual([
    'bff',
    'identity-provider-key.json',
    'sandbox.json',
    'tenants.json',
  ]);
  expect(statSync(data).mode & 0o777).toBe(0o700);
  for (const file of ['sandbox.json', 'tenants.json'])
    expect(statSync(path.join(data, file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(path.join(data, 'tenants.json'), 'utf8'))).toMatchObject([
    { id: 'acme', token: 'sandbox-billing-token-acme-1' },
    { id: 'globex', token: 'sandbox-billing-token-globex-1' },
  ]);
  await sandbox.stop();
  expect(existsSync(path.join(data, 'sandbox.json'))).toBe(false);
  expect(await sandbox.bffEnded).toBe('ended with exit code 0');
  await expect(fetch(sandbox.running.billing_api_url)).rejects.toThrow('fetch failed');
});

it('says of every busy port what it was wanted for and which setting changes it', async () => {
  const [one, other] = [createServer(), createServer()];
  const [bff, idp] = [await listen(one, 0), await listen(other, 0)];
  await expect(start(FAKE_BFF, { PORT: String(bff), SANDBOX_IDP_PORT: String(idp) })).rejects.toThrow(
    `Port ${bff}, wanted for the BFF, is already in use: choose another with the setting PORT (0 picks a free one).\n` +
      `Port ${idp}, wanted for the identity provider, is already in use: ` +
      'choose another with the setting SANDBOX_IDP_PORT (0 picks a free one).',
  );
  one.close();
  other.close();
});

it('refuses a second sandbox on the same data folder', async () => {
  sandbox = await start(FAKE_BFF);
  await expect(start(FAKE_BFF)).rejects.toThrow(
    `A sandbox already runs on ${path.join(folder, 'data')} (process ${process.pid}, ${sandbox.running.bff_url}): ` +
      'stop it, or choose another folder with the setting SANDBOX_DATA_DIR.',
  );
});

it('says how the BFF ended when it does not start, with its last lines', async () => {
  await expect(start(`console.error('A setting is missing'); process.exitCode = 3;`)).rejects.toThrow(
    'The BFF ended with exit code 3 before it was ready. Its last lines:\n  A setting is missing',
  );
});

it('gives up a start when told to, and leaves nothing running', async () => {
  const interruption = new AbortController();
  const starting = start(`setInterval(() => undefined, 1000);`, {}, interruption.signal);
  setTimeout(() => {
    interruption.abort(new Error('Stopped.'));
  }, 300);
  await expect(starting).rejects.toThrow('Stopped.');
});

it('says to build first when there is no BFF', async () => {
  const options = {
    env: FREE_PORTS,
    root: folder,
    bffEntry: '/nowhere/main.js',
    signal: new AbortController().signal,
  };
  await expect(startSandbox(options)).rejects.toThrow('/nowhere/main.js does not exist: build the BFF first');
});

it('says to start the sandbox when none runs that could be tried', async () => {
  const options = { env: FREE_PORTS, root: folder, name: undefined, run: 123_456_789 };
  await expect(tryPatch(options)).rejects.toThrow(
    `No sandbox runs on ${path.join(folder, 'data')}: start it with "npm start" in another terminal.`,
  );
});

it('names the settings that have no effect, without their values', async () => {
  writeFileSync(path.join(folder, '.env.example'), 'PORT=3000\nAUTH_ISSUER=x\nLOG_LEVEL=info\n');
  sandbox = await start(FAKE_BFF, { AUTH_ISSUER: 'http://stray.test', LOG_LEVEL: 'warn' });
  expect(sandbox.warnings).toEqual([
    'Ignored: AUTH_ISSUER. The sandbox has its own settings; npm run start:prod takes yours.',
  ]);
});

it.each([
  [true, /^\d\d:\d\d:\d\d info {2}listening on http/],
  [undefined, /^{"level":30,/],
])('shows the lines of the BFF as they fit a terminal (%s) or a program', async (isTTY, expected) => {
  const before = process.stdout.isTTY;
  Object.assign(process.stdout, { isTTY });
  try {
    sandbox = await start(FAKE_BFF);
    expect(terminal.mock.calls.map(([line]: unknown[]) => line)).toEqual([expect.stringMatching(expected)]);
  } finally {
    Object.assign(process.stdout, { isTTY: before });
  }
});
