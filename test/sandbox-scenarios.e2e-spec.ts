import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addTenant, BROKEN_TENANTS } from '../sandbox/broken-tenants.js';
import { type Sandbox, startSandbox } from '../sandbox/launcher.js';
import { SCENARIOS } from '../sandbox/scenarios.js';
import { PLATFORM_CLIENT, SCENARIO_CUSTOMERS } from '../sandbox/seeds.js';
import { members } from '../sandbox/shape.js';
import { requestToken } from '../sandbox/token-request.js';
import { poll } from '../sandbox/wait.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';

const ROOT = join(__dirname, '..');

/** The answer to a patch of one scenario's customer, and how its operation ended. */
interface Seen {
  status: number;
  problem: string | undefined;
  operation: Record<string, unknown>;
}

let folder: string;
let database: TestDatabase;
let sandbox: Sandbox;
let token: string;
/** By alias: what was seen in the first round, and in the second. */
const rounds: Map<string, Seen>[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scenarios-'));
  database = await createTestDatabase();
  const env = {
    ...database.settings,
    ...{ PATH: process.env['PATH'], PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0' },
    ...{ SANDBOX_DATA_DIR: folder, LOG_LEVEL: 'fatal', BILLING_API_TIMEOUT_MS: '1000' },
  };
  const bffEntry = join(ROOT, 'dist', 'main.js');
  sandbox = await startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
  token = await tokenOf('acme-web');
  for (const round of [1, 2]) {
    // Alone: its rotation has to be done while the BFF waits for an answer.
    const rotated = await tried('token-rotated', round);
    const others = SCENARIOS.map(({ alias }) => alias).filter((alias) => alias !== 'token-rotated');
    const seen = await Promise.all(others.map(async (alias) => [alias, await tried(alias, round)] as const));
    rounds.push(new Map([['token-rotated', rotated], ...seen]));
  }
});

afterAll(async () => {
  await sandbox.stop();
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

async function tokenOf(id: string): Promise<string> {
  const client = sandbox.running.clients.find((one) => one.id === id);
  if (client === undefined) throw new Error(`no client ${id}`);
  return requestToken(sandbox.running.token_url, client);
}

async function ask(
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  return fetch(`${sandbox.running.bff_url}/api/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers },
    signal: AbortSignal.timeout(20_000),
  });
}

const patch = (ref: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  ask(`/customers/${ref}`, { method: 'PATCH', body: JSON.stringify(body), headers });

/** What a person does who reads the customer first: a new name, the phone number as it was, `If-Match` on request. */
async function tried(alias: string, round: number): Promise<Seen> {
  const read = await ask(`/customers/${alias}`);
  const before = members(await read.json(), 'customer');
  const phone = typeof before['phone'] === 'string' ? { phone: before['phone'] } : {};
  const ifMatch: Record<string, string> =
    alias === 'changed-meanwhile' ? { 'If-Match': read.headers.get('etag') ?? '' } : {};
  const response = await patch(
    alias,
    { name: `Round ${round}`, ...(alias === 'raced' ? phone : {}) },
    ifMatch,
  );
  const { type } = members(await response.json(), 'answer');
  const problem = typeof type === 'string' ? type.replace('urn:billing-bff:problem:', '') : undefined;
  const id = response.headers.get('x-operation-id') ?? '';
  return { status: response.status, problem, operation: await operation(id, RESOLVED.has(alias)) };
}

const RESOLVED = new Set(['applied-later', 'maintenance-unclear']);

async function operation(id: string, untilFinal: boolean): Promise<Record<string, unknown>> {
  const look = async (): Promise<Record<string, unknown> | undefined> => {
    const found = members(await (await ask(`/operations/${id}`)).json(), 'operation');
    return untilFinal && found['final'] !== true ? undefined : found;
  };
  return poll(look, { deadlineMs: 20_000, everyMs: 100 });
}

it.each([
  ['slow', 200, undefined, 'applied', 1],
  ['value-refused', 400, 'rejected-by-billing', 'rejected', 1],
  ['value-unreadable', 400, 'rejected-by-billing', 'rejected', 1],
  ['alias-taken', 409, 'conflict', 'rejected', 1],
  ['gone', 404, 'customer-not-found', 'rejected', 1],
  ['read-fails', 200, undefined, 'applied', 1],
  ['token-forbidden', 502, 'billing-credentials-rejected', 'not_applied', 1],
  ['token-rotated', 200, undefined, 'applied', 2],
  ['busy-then-fine', 200, undefined, 'applied', 2],
  ['unavailable-then-fine', 200, undefined, 'applied', 2],
  ['unavailable-but-applied', 200, undefined, 'applied', 1],
  ['busy', 429, 'rate-limited-by-billing', 'not_applied', 1],
  ['maintenance', 503, 'billing-unavailable', 'not_applied', 1],
  ['maintenance-unclear', 503, 'billing-unavailable', 'applied', 1],
  ['gateway-404', 502, 'billing-failed', 'not_applied', 1],
  ['late-but-applied', 200, undefined, 'applied', 1],
  ['failed-but-applied', 200, undefined, 'applied', 1],
  ['reset-but-applied', 200, undefined, 'applied', 1],
  ['unreadable-but-applied', 200, undefined, 'applied', 1],
  ['failed', 502, 'billing-failed', 'not_applied', 1],
  ['applied-later', 504, 'billing-timeout', 'applied', 1],
  ['late-not-applied', 504, 'billing-timeout', 'unknown', 1],
  ['never-known', 502, 'billing-failed', 'unknown', 1],
  ['changed-meanwhile', 412, 'precondition-failed', 'rejected', 0],
  ['raced', 200, undefined, 'applied', 1],
  ['ignored-field', 200, undefined, 'applied', 1],
  ['normalised-value', 200, undefined, 'applied', 1],
] as const)('%s ends the same way, again and again: %i %s, %s', (alias, status, problem, ends, attempts) => {
  for (const round of rounds) {
    const seen = round.get(alias);
    expect({ ...seen, operation: seen?.operation['status'], attempts: seen?.operation['attempts'] }).toEqual({
      status,
      problem,
      operation: ends,
      attempts,
    });
  }
});

it('tries every scenario', () => {
  expect(rounds.map((round) => round.size)).toEqual([27, 27]);
  expect(SCENARIO_CUSTOMERS.size).toBe(27);
});

it.each([
  ['raced', ['applied', 'raced']],
  ['ignored-field', ['ignored']],
  ['normalised-value', ['normalised']],
])('%s shows the effect of each field', (alias, effects) => {
  for (const round of rounds) {
    const { changes } = members(round.get(alias)?.operation, alias);
    expect(
      Array.isArray(changes) ? changes.map((change) => members(change, 'change')['effect']) : [],
    ).toEqual(effects);
  }
});

it('has two tenants, until somebody tries a broken one', async () => {
  const listed = await ask('/tenants', {
    headers: { authorization: `Bearer ${await tokenOf('platform-service')}` },
  });
  const { data } = (await listed.json()) as { data: { id: string }[] };
  expect(data.map(({ id }) => id)).toEqual(['acme', 'globex']);
});

describe('a tenant of its own', () => {
  beforeAll(async () => {
    const authorization = `Bearer ${await platformToken()}`;
    for (const tenant of BROKEN_TENANTS) await addTenant(sandbox.running.bff_url, authorization, tenant);
  });

  const of = async (tenant: string): Promise<unknown> => {
    const response = await patch(
      'cus_1',
      { name: 'Anybody' },
      { 'X-Tenant-Id': tenant, authorization: `Bearer ${await platformToken()}` },
    );
    const { type, outcome } = members(await response.json(), 'problem');
    return [response.status, type, outcome];
  };
  const platformToken = (): Promise<string> => requestToken(sandbox.running.token_url, PLATFORM_CLIENT);

  it('token-rejected: its token was revoked; then it is not even tried, for a minute', async () => {
    const refused = [502, 'urn:billing-bff:problem:billing-credentials-rejected', 'not_applied'];
    expect([await of('token-rejected'), await of('token-rejected')]).toEqual([refused, refused]);
  });

  it('unreachable: nothing listens at its billing API, and after ten connections the breaker opens', async () => {
    const unreachable = [502, 'urn:billing-bff:problem:billing-unreachable', 'not_applied'];
    expect([await of('unreachable'), await of('unreachable'), await of('unreachable')]).toEqual(
      Array(3).fill(unreachable),
    );
    const open = [503, 'urn:billing-bff:problem:billing-unavailable', 'not_applied'];
    const fourth = await of('unreachable');
    expect([await of('unreachable'), fourth]).toEqual([open, expect.anything()]);
  });
});

it.each(['http://localhost:5173', 'http://127.0.0.1:8080'])('lets a page of %s in', async (origin) => {
  const response = await ask('/customers/slow', { headers: { origin } });
  expect(response.headers.get('access-control-allow-origin')).toBe(origin);
});
