import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { readEnvironment } from '../src/config/environment.js';
import { Database } from '../src/database/database.js';
import { SystemClock } from '../src/runtime/clock.js';
import { startBff, type TestBff } from './support/start-bff.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

/** Kysely's advisory lock, which every version takes to migrate. */
const MIGRATION_LOCK = '3853314791062309107';

describe('a database that the next version has migrated', () => {
  let bff: TestBff;
  let admin: Record<string, string>;
  beforeEach(async () => {
    bff = await startBff();
    const scope = 'tenants:admin customers:read customers:write audit:read';
    admin = { Authorization: `Bearer ${await bff.idp.token({ scope })}` };
  });
  afterEach(() => bff.stop());

  /** Everything that reads or writes a table: which of them, by their statuses. */
  async function useAll(instance: TestBff, name: string): Promise<number[]> {
    const calls: [string, string, unknown?, Record<string, string>?][] = [
      ['PATCH', `/api/v1/customers/${CUSTOMER.id}`, { name }, { 'Idempotency-Key': name }],
      ['PATCH', `/api/v1/customers/${CUSTOMER.id}`, { name }, { 'Idempotency-Key': name }],
      ['PATCH', `/api/v1/customers/${CUSTOMER.id}`, { name: `${name}!` }, { 'If-Match': '*' }],
      ['GET', `/api/v1/customers/${CUSTOMER.id}`],
      ['GET', '/api/v1/audit-events'],
      ['GET', '/api/v1/tenants'],
      ['PATCH', '/api/v1/tenants/globex', { name }],
      ['PUT', '/api/v1/tenants/globex/token', { token: `token of ${name}`.replaceAll(' ', '-') }],
      ['GET', '/api/v1/tenants/globex/tokens'],
      ['DELETE', '/api/v1/tenants/globex/tokens/1'],
    ];
    const statuses: number[] = [];
    for (const [method, path, body, headers] of calls)
      statuses.push((await instance.send(method, path, body, { ...admin, ...headers })).status);
    return statuses;
  }
  const ALL_WELL = [200, 200, 200, 200, 200, 200, 200, 201, 200, 204];

  it('is no trouble to the version before: not to a running instance, nor to one that starts beside it', async () => {
    expect(await useAll(bff, 'before')).toEqual(ALL_WELL);
    await expand(bff.database.kysely);
    expect(await useAll(bff, 'running')).toEqual(ALL_WELL);
    const started = await startBff({ besides: bff });
    try {
      expect(started.logs()).toContain('the database is ahead of this version');
      expect(await useAll(started, 'started')).toEqual(ALL_WELL);
    } finally {
      await started.stop();
    }
  });

  it('has outcomes found by the version before, that were left unknown', async () => {
    const reconciling = await startBff({ besides: bff, reconciles: true, seals: true });
    try {
      await expand(bff.database.kysely);
      bff.upstream.readAs(CUSTOMER, (_request, response) => {
        answerJson(response, 502, {});
      });
      const answer = await bff.patch({ name: 'Acme AG' });
      bff.upstream.readAs({ ...CUSTOMER, name: 'Acme AG' }, (_request, response) => void response.destroy());
      const operation = `/api/v1/operations/${answer.headers.get('x-operation-id') ?? ''}?wait=30`;
      expect(answer.status).toBe(502);
      expect((await reconciling.send('GET', operation, undefined, admin)).body).toMatchObject({
        final: true,
        status: 'applied',
      });
    } finally {
      await reconciling.stop();
    }
  });
});

/** What a next version may do at most: a column with a default in each table, and a row of its migration. */
async function expand<Schema>(kysely: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      and not relispartition`.execute(kysely);
  expect(rows.length).toBeGreaterThan(15);
  for (const { name } of rows.filter((table) => !table.name.startsWith('kysely_')))
    await sql`alter table ${sql.id(name)} add column next_version text not null default 'x'`.execute(kysely);
  await sql`insert into kysely_migration (name, timestamp) values ('9999_next', '2099-01-01T00:00:00Z')`.execute(
    kysely,
  );
}

describe('a start while another process migrates', () => {
  let database: TestDatabase;
  let holder: Database;
  beforeEach(async () => {
    database = await createTestDatabase();
    holder = open({});
  });
  afterEach(async () => {
    await holder.onApplicationShutdown();
    await database.remove();
  });

  const lines: string[] = [];
  function open(settings: Record<string, string>): Database {
    const config = readEnvironment({ ...REQUIRED, ...database.settings, ...settings });
    lines.length = 0;
    const logger = pino({ base: null }, { write: (line: string) => void lines.push(line) });
    return new Database(config, logger, new SystemClock());
  }

  /** Holds a lock of another process until the start says that it waits. */
  async function migrateBeside(lock: string): Promise<void> {
    const migrating = open({});
    await holder.kysely.transaction().execute(async (transaction) => {
      await sql.raw(lock).execute(transaction);
      const migrated = migrating.onModuleInit();
      const failed = migrated.then(
        () => 'it did not wait',
        (error: unknown) => String(error),
      );
      await Promise.race([untilItWaits(), failed.then((how) => Promise.reject(new Error(how)))]);
      void migrated.catch(() => undefined);
    });
    await migrating.onModuleInit();
    await migrating.onApplicationShutdown();
  }

  async function untilItWaits(): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!lines.some((line) => line.includes('a migration waits for a lock'))) {
      if (Date.now() > deadline) throw new Error('it never said that it waits');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('waits for the lock, and says so, where something is missing', async () => {
    await sql`drop schema public cascade`.execute(holder.kysely);
    await sql`create schema public`.execute(holder.kysely);
    await migrateBeside(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    expect(lines.filter((line) => line.includes('waits for a lock'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('database migrated'))).toHaveLength(5);
  });

  it('waits for the table of migrations, and says so', async () => {
    await migrateBeside('lock table kysely_migration in access exclusive mode');
  });

  it('needs no lock where nothing is missing', async () => {
    const started = open({});
    await holder.kysely.transaction().execute(async (transaction) => {
      await sql.raw(`select pg_advisory_xact_lock(${MIGRATION_LOCK})`).execute(transaction);
      await started.onModuleInit();
    });
    await started.onApplicationShutdown();
    expect(lines).toEqual([]);
  });

  it('with MIGRATE_AT_START=false, the start is refused in words unless the schema is there', async () => {
    const there = open({ MIGRATE_AT_START: 'false' });
    await there.onModuleInit();
    await there.onApplicationShutdown();
    await sql`delete from kysely_migration where name = '0005_audit_months'`.execute(holder.kysely);
    const missing = open({ MIGRATE_AT_START: 'false' });
    await expect(missing.onModuleInit()).rejects.toThrow(
      /lacks 1 migrations?, 0005_audit_months, and MIGRATE_AT_START is false; run `npm run migrate`/,
    );
    await missing.onApplicationShutdown();
    await sql`insert into kysely_migration (name, timestamp) values ('9999_next', '2099-01-01T00:00:00Z')`.execute(
      holder.kysely,
    );
    const other = open({});
    await expect(other.onModuleInit()).rejects.toThrow(
      /does not know \(9999_next\), but lacks 0005_audit_months/,
    );
    await other.onApplicationShutdown();
  });

  it('is refused in words: an account without rights, a CA’s file or a database that is not there', async () => {
    const why = async (change: (url: URL) => void): Promise<string> => {
      const url = new URL(database.settings['DATABASE_URL'] ?? '');
      change(url);
      const refused = open({ DATABASE_URL: url.href });
      const error: unknown = await refused.migrate().catch((thrown: unknown) => thrown);
      await refused.onApplicationShutdown();
      return String(error).replace(url.host, 'db');
    };
    const role = `bff_test_${randomBytes(6).toString('hex')}`;
    await sql`create role ${sql.id(role)} login password 'of-a-test'`.execute(holder.kysely);
    try {
      expect(await why((url) => Object.assign(url, { username: role, password: 'of-a-test' }))).toBe(
        'DatabaseUnusable: the database cannot be opened: the account lacks rights; the owner of the tables runs ' +
          '`npm run migrate`, and grants the service those of docs/runtime-role.sql (42501)',
      );
    } finally {
      await sql`drop role ${sql.id(role)}`.execute(holder.kysely);
    }
    const unreachable =
      'DatabaseUnusable: the database cannot be opened: no connection to PostgreSQL at db: ';
    expect(await why((url) => (url.search = 'sslmode=verify-full&sslrootcert=/nowhere/ca.pem'))).toBe(
      `${unreachable}a file or a socket that DATABASE_URL names is not there (ENOENT)`,
    );
    expect(await why((url) => (url.pathname = '/nowhere'))).toBe(
      `${unreachable}there is no database of this name (3D000)`,
    );
  });

  it('a database of the version before is brought up to date', async () => {
    await sql`drop function audit_event_missing_months, audit_event_create_month, audit_event_old_months,
      audit_event_drop_month, audit_event_in_default, audit_event_first_id, audit_event_month_of,
      audit_event_month_name cascade`.execute(holder.kysely);
    await sql`drop table audit_retention`.execute(holder.kysely);
    await sql`delete from kysely_migration where name = '0005_audit_months'`.execute(holder.kysely);
    const next = open({});
    expect(await next.migrate()).toBe(1);
    expect(await next.migrate()).toBe(0);
    await next.onApplicationShutdown();
  });
});

const REQUIRED = {
  AUTH_ISSUER: 'https://idp.test/',
  AUTH_AUDIENCE: 'https://bff.test',
  AUTH_JWKS_URL: 'https://idp.test/jwks',
  BILLING_API_URL: 'https://billing.test',
};
