import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApiDocument } from '../../src/api-document.js';
import { readEnvironment } from '../../src/config/environment.js';
import type { Config } from '../../src/config/config.js';
import { createApp } from '../../src/create-app.js';
import { Database } from '../../src/database/database.js';
import { createLogger } from '../../src/http/logger.js';
import { type Clock, SystemClock } from '../../src/runtime/clock.js';
import { CircuitBreakers } from '../../src/billing/circuit-breakers.js';
import { Reconciler } from '../../src/operations/reconciler.js';
import { Ids } from '../../src/runtime/ids.js';
import { Sequencer } from '../../src/audit-log/sequencer.js';
import { TenantsFileSync } from '../../src/tenant-admin/tenants-file.sync.js';
import { TenantsFileWatcher } from '../../src/tenant-admin/tenants-file.watcher.js';
import { TenantCache } from '../../src/tenants/tenant-cache.js';
import { AUDIENCE, ISSUER, TestIdentityProvider, type TestKey } from './identity-provider.js';
import { type Compare, comparer } from './described.js';
import { answerOf, type TestAnswer } from './test-answer.js';
import { createTestDatabase } from './test-database.js';
import { CUSTOMER, TestUpstream } from './upstream.js';

export type { TestAnswer } from './test-answer.js';

export interface BffOptions {
  readonly settings?: Record<string, string>;
  readonly tenants?: readonly object[];
  /** Whether the trail has what the tenants' file changed at the start; most tests want to see only their own events. */
  readonly recordsFirstLoad?: boolean;
  readonly clock?: Clock;
  /** Another instance of the same service: same database, billing API and identity provider. */
  readonly besides?: TestBff;
  /** Whether it looks at unknown and abandoned operations; most tests want to see what their own requests leave. */
  readonly reconciles?: boolean;
  /** Whether events get into their logs; most tests want to see them as they were stored. */
  readonly seals?: boolean;
}

export const ACME_TOKEN = 'upstream-token-of-acme';
export const GLOBEX_TOKEN = 'upstream-token-of-globex';

/** The whole service over HTTP, between a test upstream and a test identity provider, on a database of its own. */
export interface TestBff {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly upstream: TestUpstream;
  readonly idp: TestIdentityProvider;
  readonly database: Database;
  /** How another process would find the database. */
  readonly databaseSettings: Record<string, string>;
  /** Rewrite it to change the tenants. */
  readonly tenantsFile: string;
  /** Every log line so far, at level trace. */
  logs(): string;
  /** With a good token, unless `headers` brings another. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  /** Patches the one customer. */
  patch(body: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
  /** Makes a token that the billing API rejected usable again, and closes the breakers that failures opened. */
  forgetFailures(): Promise<void>;
  /** The stored events about requests for customers and tenants, oldest first, once there are `count` of them. */
  events(count: number): Promise<StoredEvent[]>;
  stop(): Promise<void>;
}

export type StoredEvent = Record<string, unknown>;

export const CUSTOMER_PATH = `/api/v1/customers/${CUSTOMER.id}`;

export async function startBff(options: BffOptions = {}): Promise<TestBff> {
  const { besides } = options;
  const [upstream, idp, testDatabase, folder] = await Promise.all([
    besides?.upstream ?? TestUpstream.start(),
    besides?.idp ?? TestIdentityProvider.start(),
    besides === undefined ? createTestDatabase() : { settings: besides.databaseSettings, remove: nothing },
    mkdtemp(join(tmpdir(), 'bff-tenants-')),
  ]);
  const tenantsFile = join(folder, 'tenants.json');
  const tenants = JSON.stringify(options.tenants ?? DEFAULT_TENANTS);
  const loadsLater = besides === undefined && options.recordsFirstLoad !== true;
  await writeFile(tenantsFile, loadsLater ? '[]' : tenants);
  const config = readEnvironment({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'trace',
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_JWKS_URL: idp.jwksUrl,
    BILLING_API_URL: upstream.url,
    TENANTS_FILE: tenantsFile,
    // Tests of the limits set their own.
    RATE_LIMIT_PER_MINUTE: '0',
    CALLER_MAX_IN_FLIGHT: '100000',
    ENCRYPTION_KEYS: ENCRYPTION_KEY,
    ...testDatabase.settings,
    ...options.settings,
  });
  const lines: string[] = [];
  const logger = createLogger(config.logLevel, { write: (line: string) => void lines.push(line) });
  const clock = options.clock ?? new SystemClock();
  const removeSurroundings = async (): Promise<void> => {
    await rm(folder, { recursive: true });
    if (besides === undefined) await Promise.all([upstream.stop(), idp.stop(), testDatabase.remove()]);
  };
  const runtime = { config, environment: {}, clock, ids: new Ids(clock), logger };
  const app = await createApp(runtime).catch(async (error: unknown) => {
    await removeSurroundings();
    throw error;
  });
  if (loadsLater) {
    await writeFile(tenantsFile, tenants);
    await loadUnrecorded(app, tenantsFile);
  }
  if (options.reconciles !== true) await app.get(Reconciler).onModuleDestroy();
  if (options.seals !== true) await app.get(Sequencer).onModuleDestroy();
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const database = app.get(Database);

  const send: TestBff['send'] = async (method, path, body, headers = {}) => {
    const authorization: Record<string, string> =
      'Authorization' in headers ? {} : { Authorization: `Bearer ${await freshToken(idp, clock)}` };
    const contentType: Record<string, string> =
      body === undefined ? {} : { 'Content-Type': 'application/json' };
    const payload = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...authorization, ...contentType, ...headers },
      ...(body === undefined ? {} : { body: payload as string }),
      redirect: 'manual',
    });
    const answer = answerOf(response.status, response.headers, await response.text());
    const news = comparerOf(app, config)(method, path, answer);
    if (news.length > 0) throw new Error(`not as /openapi.json says:\n${news.join('\n')}`);
    return answer;
  };

  return {
    url,
    app,
    upstream,
    idp,
    database,
    databaseSettings: { ...testDatabase.settings, ENCRYPTION_KEYS: ENCRYPTION_KEY },
    tenantsFile,
    logs: () => lines.join(''),
    send,
    patch: (body, headers) => send('PATCH', CUSTOMER_PATH, body, headers),
    async forgetFailures() {
      Object.assign(app.get(CircuitBreakers), { origins: new Map(), tenants: new Map() });
      await database.kysely.updateTable('tenant_token').set({ rejected_at: null, probed_at: null }).execute();
      app.get(TenantCache).forgetAll();
    },
    events: (count) => storedEvents(database, count),
    async stop() {
      await app.close();
      await removeSurroundings();
    },
  };
}

let compare: Compare | undefined;

/** Compares answers with the description of the API. All instances have the same, so it is made once. */
function comparerOf(app: NestFastifyApplication, config: Config): Compare {
  compare ??= comparer(createApiDocument(app, config));
  return compare;
}

async function loadUnrecorded(app: NestFastifyApplication, tenantsFile: string): Promise<void> {
  const sync = app.get(TenantsFileSync);
  const trail = sync['trail'];
  Object.assign(sync, { trail: { changed: nothing, token: nothing } });
  await app.get(TenantsFileWatcher)['lookNow'](tenantsFile);
  Object.assign(sync, { trail });
}

/** Good for four minutes at least, by the system's clock and by the service's; as callers do, one is used many times. */
async function freshToken(idp: TestIdentityProvider, clock: Clock): Promise<string> {
  const kept = tokens.get(idp);
  const now = Math.max(clock.now(), Date.now());
  if (kept !== undefined && kept.key === idp.key && now >= kept.at && now < kept.at + 60_000)
    return kept.token;
  const ahead = Math.max(0, clock.now() - Date.now());
  const token = await idp.token({}, { expiresIn: 300 + Math.ceil(ahead / 1_000) });
  tokens.set(idp, { at: now, key: idp.key, token });
  return token;
}

const tokens = new WeakMap<TestIdentityProvider, { at: number; key: TestKey; token: string }>();

const nothing = (): Promise<void> => Promise.resolve();

/** Of tests alone. */
export const ENCRYPTION_KEY = `test:${Buffer.alloc(32, 7).toString('base64url')}`;

const DEFAULT_TENANTS = [
  { id: 'acme', name: 'Acme', token: ACME_TOKEN },
  { id: 'globex', token: GLOBEX_TOKEN, invoicing_entities: ['ive_1'] },
  { id: 'initech', token: 'upstream-token-of-initech', status: 'suspended' },
];

/** Refusals are stored behind the answer, so a test may have to look more than once; ten seconds at most. */
async function storedEvents(database: Database, count: number): Promise<StoredEvent[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const rows = await database.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('action', 'not in', ['tenant.token.rejected', 'audit.read', 'audit.exported'])
      .orderBy('id')
      .execute();
    if (rows.length >= count) return rows.map(({ event }) => JSON.parse(event) as StoredEvent);
    if (Date.now() > deadline) throw new Error(`${rows.length} audit events instead of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
