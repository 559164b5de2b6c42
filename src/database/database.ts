import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Dialect, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { NO_TRACING, Tracing } from '../runtime/tracing.js';
import { takeFolder } from './exclusive-folder.js';
import { migrate, migrationConnection, missingMigrations } from './migrate.js';
import { CHANNELS, Notifications } from './notifications.js';
import { pgliteDialect } from './pglite.dialect.js';
import { sharesBackends } from './pooling-mode.js';
import { storeRetention } from './retention.js';
import type { Schema } from './schema.js';
import { watchedPool } from './watched-pool.js';

/** The database can't be opened or migrated. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
}

/** Milliseconds for one statement, and for the wait for a connection. */
const STATEMENT_TIMEOUT = 4_000;
/** For a server that no longer answers. A slow server reports its own time-out before. */
const PATIENCE = STATEMENT_TIMEOUT + 1_000;
const CONNECT_TIMEOUT = 2_000;
/**
 * The settings of each connection. If a host is lost within a transaction, the server ends it, and with it its locks,
 * after the same time: otherwise they would last as long as TCP takes to notice.
 */
const SESSION = [
  `set statement_timeout = ${STATEMENT_TIMEOUT}`,
  `set idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT}`,
];
/**
 * Settings of the connections for patches: a statement there is planned once, and finds its rows by index. Left alone,
 * PostgreSQL would plan to read tables that are small at that moment from end to end, and keep to it while they grow.
 */
const BY_INDEX = [
  'set plan_cache_mode = force_generic_plan',
  ...['seqscan', 'hashjoin', 'mergejoin'].map((way) => `set enable_${way} = off`),
  // Before version 18 a plan that needs one of them counts as so expensive that it would be compiled.
  'set jit = off',
];
const MAX_CONNECTIONS = 10;
const MAX_READING_CONNECTIONS = 5;

/** 64-bit integers are read as numbers: the service's counts stay far below 2^53. */
const toNumber = (text: string): number => Number(text);
pg.types.setTypeParser(pg.types.builtins.INT8, toNumber);

/** Bytes are Buffers from a server; the embedded database would read them as Uint8Arrays, which have no hex. */
const toBuffer = (text: string): Buffer => Buffer.from(text.slice('\\x'.length), 'hex');

type DatabaseSettings = Pick<Config, 'databaseUrl' | 'dataDir' | 'auditRetentionDays' | 'migrateAtStart'>;

/** PostgreSQL through Kysely: the server of DATABASE_URL, or one embedded in DATA_DIR. */
@Injectable()
export class Database implements OnModuleInit, OnApplicationShutdown {
  /** For patches and background work. */
  readonly kysely: Kysely<Schema>;
  /** For reads by callers: many or slow readers take no connection of a patch. */
  readonly readers: Kysely<Schema>;
  /** What this and other instances notify. */
  readonly notifications = new Notifications();
  private readonly watched: { readonly name: string; readonly pool: pg.Pool }[] = [];
  private giveBackFolder: () => Promise<void> = () => Promise.resolve();

  constructor(
    @Inject(Config) private readonly config: DatabaseSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly clock: Clock,
    private readonly tracing: Tracing = NO_TRACING,
  ) {
    const { databaseUrl } = config;
    if (databaseUrl === undefined) {
      this.kysely = new Kysely<Schema>({ dialect: this.embedded() });
      this.readers = this.kysely;
    } else {
      this.kysely = this.connected('patches', databaseUrl, MAX_CONNECTIONS, [...SESSION, ...BY_INDEX]);
      this.readers = this.connected('readers', databaseUrl, MAX_READING_CONNECTIONS, SESSION);
    }
  }

  /**
   * Opens the database, with MIGRATE_AT_START brings its schema up to date, and stores AUDIT_RETENTION_DAYS.
   * @throws DatabaseUnusable
   */
  async onModuleInit(): Promise<void> {
    if (this.config.migrateAtStart) await this.migrate();
    else await this.requireSchema();
    await this.storeRetention();
  }

  /**
   * Runs the missing migrations, one instance at a time.
   * @returns how many were run
   * @throws DatabaseUnusable
   */
  migrate(): Promise<number> {
    return this.inMigrationSession((session) => migrate(session, this.clock, this.logger));
  }

  async storeRetention(): Promise<void> {
    await storeRetention(this.kysely, this.config.auditRetentionDays ?? null, this.logger);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.kysely.destroy();
    if (this.readers !== this.kysely) await this.readers.destroy();
    await this.giveBackFolder();
  }

  /** The use of the connections to PostgreSQL; none for the embedded database. */
  get pools(): { name: string; inUse: number; waiting: number; max: number }[] {
    return this.watched.map(({ name, pool }) => ({
      name,
      inUse: pool.totalCount - pool.idleCount,
      waiting: pool.waitingCount,
      max: pool.options.max,
    }));
  }

  /** Resolves when the database answers; rejects at the latest after the statement time-out. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.kysely);
  }

  private async requireSchema(): Promise<void> {
    const missing = await this.inMigrationSession((session) =>
      missingMigrations(session, this.clock, this.logger),
    );
    if (missing.length > 0) throw new DatabaseUnusable(notMigrated(missing));
  }

  /** The embedded database has only one connection. */
  private async inMigrationSession<Result>(
    work: (session: Kysely<Schema>) => Promise<Result>,
  ): Promise<Result> {
    const { databaseUrl } = this.config;
    const session = databaseUrl === undefined ? this.kysely : migrationConnection<Schema>(databaseUrl);
    try {
      if (databaseUrl !== undefined) await refuseSharedBackends(this.kysely);
      return await work(session);
    } catch (error) {
      throw error instanceof DatabaseUnusable
        ? error
        : new DatabaseUnusable(explain(error), { cause: error });
    } finally {
      if (session !== this.kysely) await session.destroy();
    }
  }

  /** @param settings of each connection */
  private connected(
    name: string,
    connectionString: string,
    max: number,
    settings: readonly string[],
  ): Kysely<Schema> {
    const pool = new pg.Pool({
      connectionString,
      max,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      application_name: 'billing-bff',
    });
    this.watched.push({ name, pool });
    // Without a listener an idle connection that the server closes would end the process.
    pool.on('error', (error) => {
      this.logger.warn({ error: describeError(error) }, 'a database connection was lost');
    });
    // The same for a connection that breaks while it is in use: the pool does not watch it. Its query fails with the
    // same error.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return new Kysely<Schema>({
      dialect: new PostgresDialect({
        pool: watchedPool(pool, hostOf(connectionString), PATIENCE, settings.join('; '), this.tracing),
      }),
    });
  }

  private embedded(): Dialect {
    return pgliteDialect(async () => {
      const folder = join(this.config.dataDir, 'database');
      this.giveBackFolder = await takeFolder(this.config.dataDir);
      // Loaded only where it is used.
      const { PGlite, types } = await import('@electric-sql/pglite');
      const pglite = await PGlite.create(folder, {
        parsers: { [types.INT8]: toNumber, [types.BYTEA]: toBuffer },
      });
      for (const channel of Object.values(CHANNELS)) {
        await pglite.listen(channel, (payload) => {
          this.notifications.hear(channel, payload);
        });
      }
      return pglite;
    });
  }
}

/** Host and port; a socket's folder is in the query, and the rest is nobody's business. */
function hostOf(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'the address in DATABASE_URL';
  const { host, searchParams } = new URL(databaseUrl);
  return (searchParams.get('host') ?? host) || 'the local socket';
}

async function refuseSharedBackends(kysely: Kysely<Schema>): Promise<void> {
  if (await sharesBackends(kysely)) throw new DatabaseUnusable(POOLED);
}

function notMigrated(missing: readonly string[]): string {
  return (
    `the database lacks ${missing.length} migrations, ${missing.join(', ')}, and MIGRATE_AT_START is false; ` +
    'run `npm run migrate` with an account that owns the tables'
  );
}

const POOLED =
  'DATABASE_URL leads to a pooler in transaction (or statement) mode, where settings, LISTEN and locks of a session do not ' +
  'hold; use its session mode (PgBouncer: pool_mode = session) or a direct connection';

/** Errors with a message for the operator. */
const EXPLAINED = new Set([
  'DataDirUnusable',
  'DatabaseUnreachable',
  'FolderInUse',
  'FolderPathTooLong',
  'MigrationBlocked',
  'SchemaUnfit',
]);

/** SQLSTATE insufficient_privilege. */
const NO_RIGHT = '42501';
const LACKS_RIGHTS =
  'the account lacks rights; the owner of the tables runs `npm run migrate`, and grants the service those of docs/runtime-role.sql';

function explain(error: unknown): string {
  const known = error instanceof Error && EXPLAINED.has(error.name) ? `: ${error.message}` : '';
  const code = known === '' && error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === NO_RIGHT) return `the database cannot be opened: ${LACKS_RIGHTS} (${code})`;
  return `the database cannot be opened${code === '' ? '' : ` (${code})`}${known}`;
}
