import {
  CompiledQuery,
  Kysely,
  type MigrationResult,
  Migrator,
  PostgresAdapter,
  PostgresDialect,
  sql,
} from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Clock } from '../runtime/clock.js';
import { MIGRATIONS } from './migrations.js';

/** Another process holds a lock that a migration needs, for too long. */
export class MigrationBlocked extends Error {
  override readonly name = 'MigrationBlocked';
}

/** The schema does not fit this version of the service. */
export class SchemaUnfit extends Error {
  override readonly name = 'SchemaUnfit';
}

/**
 * The settings of the connection. A statement may take its time, but waits for a lock only so long: all requests that
 * come after it wait behind it.
 */
const SESSION =
  "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = '1s'";

/** Milliseconds: between two tries, and for all of them. */
const PAUSE = 500;
const PATIENCE = 120_000;

/** SQLSTATEs of a statement that met somebody else's lock: lock_not_available, deadlock_detected. */
const LOCKED = new Set(['55P03', '40P01']);

/** The advisory lock that Kysely takes; earlier and later versions take the same. */
const MIGRATION_LOCK = '3853314791062309107';

type Log = Pick<Logger, 'info' | 'warn'>;

/** One connection of its own for migrations. The caller destroys it. */
export function migrationConnection<Schema>(connectionString: string): Kysely<Schema> {
  const pool = new pg.Pool({
    connectionString,
    max: 1,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'billing-bff migration',
  });
  // Without a listener a connection that the server closes would end the process. Its query fails with the same error.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const onCreateConnection: ConstructorParameters<typeof PostgresDialect>[0]['onCreateConnection'] = async (
    connection,
  ) => {
    await connection.executeQuery(CompiledQuery.raw(SESSION));
  };
  return new Kysely<Schema>({ dialect: new MigrationDialect({ pool, onCreateConnection }) });
}

class MigrationDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new MigrationAdapter();
  }
}

/** Kysely waits an hour for the lock, and says nothing. */
class MigrationAdapter extends PostgresAdapter {
  override async acquireMigrationLock<Schema>(db: Kysely<Schema>): Promise<void> {
    await sql`select pg_advisory_lock(${sql.lit(MIGRATION_LOCK)}::bigint)`.execute(db);
  }

  override async releaseMigrationLock<Schema>(db: Kysely<Schema>): Promise<void> {
    await sql`select pg_advisory_unlock(${sql.lit(MIGRATION_LOCK)}::bigint)`.execute(db);
  }
}

/**
 * Runs the missing migrations, one process at a time, each in a transaction of its own. While others hold the locks that
 * it needs it waits, two minutes at most.
 * @param db a `migrationConnection`, or the embedded database
 * @returns how many were run
 * @throws MigrationBlocked, SchemaUnfit
 */
export async function migrate<Schema>(db: Kysely<Schema>, clock: Clock, logger: Log): Promise<number> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  let count = 0;
  while ((await missingMigrations(db, clock, logger)).length > 0) {
    const results = await patiently(() => step(migrator), clock, logger);
    for (const { migrationName } of results) logger.info({ migration: migrationName }, 'database migrated');
    count += results.length;
  }
  return count;
}

/**
 * The migrations of this version that the database does not have. It may have more: those of the next version, which
 * only add to the schema (CONTRIBUTING.md, "Change the schema").
 * @throws MigrationBlocked, SchemaUnfit
 */
export async function missingMigrations<Schema>(
  db: Kysely<Schema>,
  clock: Clock,
  logger: Log,
): Promise<readonly string[]> {
  const present = await patiently(() => executedMigrations(db), clock, logger);
  const missing = Object.keys(MIGRATIONS).filter((name) => !present.includes(name));
  const unknown = present.filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0 && missing.length > 0) {
    throw new SchemaUnfit(
      `it has migrations that this version does not know (${unknown.join(', ')}), but lacks ${missing.join(', ')}`,
    );
  }
  if (unknown.length > 0) logger.info({ migrations: unknown }, 'the database is ahead of this version');
  return missing;
}

async function executedMigrations<Schema>(db: Kysely<Schema>): Promise<string[]> {
  const { rows: tables } = await sql<{ there: boolean }>`
    select to_regclass('kysely_migration') is not null as there`.execute(db);
  if (tables[0]?.there !== true) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function step(migrator: Migrator): Promise<readonly MigrationResult[]> {
  const { error, results } = await migrator.migrateUp();
  if (error instanceof Error) throw error;
  if (error !== undefined) throw new Error('a migration failed', { cause: error });
  return results ?? [];
}

/** Tries again while others hold locks. */
async function patiently<Result>(work: () => Promise<Result>, clock: Clock, logger: Log): Promise<Result> {
  const until = clock.monotonic() + PATIENCE;
  for (let waited = false; ; waited = true) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error)) throw error;
      if (clock.monotonic() >= until)
        throw new MigrationBlocked('another process has held a lock on the schema for two minutes', {
          cause: error,
        });
      if (!waited) logger.warn('a migration waits for a lock that another process holds');
      await clock.sleep(PAUSE);
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && LOCKED.has(String(error.code));
}
