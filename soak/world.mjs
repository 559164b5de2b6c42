// The service and everything around it, once all of it runs.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { fetch } from 'undici';
import { undoLater } from '../bench/harness.mjs';
import { startPostgres, stopPostgres } from '../test/support/postgres-server.mjs';
import { startBalancer } from './balancer.mjs';
import { startBillingApi } from './billing-api.mjs';
import { AUDIENCE, ISSUER, startIdentityProvider } from './identity-provider.mjs';
import { Instances } from './instances.mjs';
import { Ledger } from './ledger.mjs';
import { writeTenants } from './phases.mjs';
import { Requests } from './requests.mjs';

/** Milliseconds between two looks, and until callers have renewed their tokens. */
const POLL = 250;
const RENEWED = 22_000;
export const LOGS = 'test-results/soak';

/** One of them is an operator's, by the API; the others are in the tenants' file. */
const tenants = ['acme', 'globex', 'initech', 'umbrella'].map((id) => ({
  id,
  name: id,
  token: `pv_live_${id}_${randomBytes(24).toString('hex')}`,
  inFile: id !== 'umbrella',
}));
export const ids = tenants.map(({ id }) => id);

export async function startWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'bff-soak-'));
  undoLater(() => rmSync(folder, { recursive: true, force: true }));
  rmSync(LOGS, { recursive: true, force: true });
  mkdirSync(LOGS, { recursive: true });
  undoLater(stopPostgres);
  // As in production, unlike the tests' own.
  const postgres = await startPostgres(['fsync=on', 'full_page_writes=on', 'autovacuum=on']);
  const database = databaseAt(postgres);
  const identityProvider = await startIdentityProvider();
  const billing = await startBillingApi(ids);
  for (const { id, token } of tenants) billing.accept(token, id);
  const tenantsFile = join(folder, 'tenants.json');
  writeTenants(tenantsFile, tenants);
  const environment = {
    ...{ PORT: '0', DATA_DIR: folder, DATABASE_URL: postgres, TENANTS_FILE: tenantsFile },
    ...{ AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE, AUTH_JWKS_URL: identityProvider.url },
    BILLING_API_URL: billing.url,
    ENCRYPTION_KEYS: `soak:${randomBytes(32).toString('base64url')}`,
    AUDIT_SIGNING_KEYS: `soak:${randomBytes(32).toString('base64url')}`,
  };
  const ledger = new Ledger();
  const phase = () => ledger.phase;
  const instances = new Instances({ environment, folder, logs: LOGS, phase });
  for (const n of instances.running.keys()) await instances.start(n);
  const balancer = await startBalancer(instances.running);
  const requests = new Requests(balancer, ledger);
  const operator = operatorOf(identityProvider, balancer);
  const world = {
    ...{ folder, postgres, database, identityProvider, billing, tenants, tenantsFile, ledger, instances },
    ...{ balancer, requests, operator, renewed: RENEWED },
    checkpoints: (tenant) => join(folder, `${tenant}.checkpoints`),
    ready: (n) => until(() => balancer.isReady(instances.running[n]), `instance ${n} is not ready`),
    putToken: ({ id, token }) => operator('PUT', `tenants/${id}/token`, { token }),
    nameOf: async (id) => JSON.parse(await operator('GET', `tenants/${id}`)).name,
  };
  for (const n of instances.running.keys()) await world.ready(n);
  for (const { id, name, token } of tenants.filter(({ inFile }) => !inFile)) {
    await operator('PUT', `tenants/${id}`, { name });
    await operator('PUT', `tenants/${id}/token`, { token });
  }
  return world;
}

/** One connection for each query: the server comes and goes. */
function databaseAt(connectionString) {
  const query = async (text) => {
    const options = '-c default_transaction_read_only=off';
    const client = new pg.Client({ connectionString, options, connectionTimeoutMillis: 5_000 });
    // A connection that the server ends says so, or the process would end.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const answers = () => until(() => query('select 1').catch(() => false), 'the database does not answer');
  return { query, answers };
}

/** @returns what sends an operator's request, and answers its body */
function operatorOf(identityProvider, { url }) {
  const scope = 'tenants:admin tenants:any audit:read';
  const token = identityProvider.caller({ sub: 'operator', scope });
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${await token()}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text;
  };
}

/** @throws with what is said otherwise, if it takes longer */
export async function until(holds, otherwise, ms = 30_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await holds();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(otherwise);
    await sleep(POLL);
  }
}
