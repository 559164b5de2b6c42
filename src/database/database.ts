import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { type Dialect, Kysely, Migrator, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { takeFolder } from './exclusive-folder.js';
import { MIGRATIONS } from './migrations.js';
import { CHANNELS, Notifications } from './notifications.js';
import { sharesBackends } from './pooling-mode.js';
import { pgliteDialect } from './pglite.dialect.js';
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
].join('; ');
const MAX_CONNECTIONS = 10;
const MAX_READING_CONNECTIONS = 5;

/** 64-bit integers are read as numbers: the service's counts stay far below 2^53. */
const toNumber = (text: string): number => Number(text);
pg.types.setTypeParser(pg.types.builtins.INT8, toNumber);

/** PostgreSQL through Kysely: the server of DATABASE_URL, or one embedded in DATA_DIR. */
@Injectable()
export class Database {
  /** For patches and background work. */
  readonly kysely: Kysely<Schema>;
  /** For reads by callers: many or slow readers take no connection of a patch. */
  readonly readers: Kysely<Schema>;
  /** What this and other instances notify. */
  readonly notifications = new Notifications();
  private readonly pool: PostgresPool | undefined;
  private giveBackFolder: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const { databaseUrl } = config;
    if (databaseUrl === undefined) {
      this.kysely = new Kysely<Schema>({ dialect: this.embedded() });
      this.readers = this.kysely;
    } else {
      this.pool = this.connections(databaseUrl, MAX_CONNECTIONS);
      this.kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: this.pool }) });
      const pool = this.connections(databaseUrl, MAX_READING_CONNECTIONS);
      this.readers = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
    }
  }

  /**
   * Opens the database and runs the missing migrations, one instance at a time. Then stores AUDIT_RETENTION_DAYS.
   * @throws DatabaseUnusable
   */
  async onModuleInit(): Promise<void> {
    if (this.pool !== undefined) await refuseSharedBackends(this.pool);
    const migrator = new Migrator({
      db: this.kysely,
      provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw new DatabaseUnusable(explain(error), { cause: error });
    for (const { migrationName } of results ?? [])
      this.logger.info({ migration: migrationName }, 'database migrated');
    await storeRetention(this.kysely, this.config.auditRetentionDays ?? null, this.logger);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.kysely.destroy();
    if (this.readers !== this.kysely) await this.readers.destroy();
    await this.giveBackFolder();
  }

  /** Resolves when the database answers; rejects at the latest after the statement time-out. */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.kysely);
  }

  private connections(connectionString: string, max: number): PostgresPool {
    const pool = new pg.Pool({
      connectionString,
      max,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      application_name: 'billing-bff',
    });
    // Without a listener an idle connection that the server closes would end the process.
    pool.on('error', (error) => {
      this.logger.warn({ error: describeError(error) }, 'a database connection was lost');
    });
    // The same for a connection that breaks while it is in use: the pool does not watch it. Its query fails with the
    // same error.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return watchedPool(pool, PATIENCE, SESSION);
  }

  private embedded(): Dialect {
    return pgliteDialect(async () => {
      const folder = join(this.config.dataDir, 'database');
      this.giveBackFolder = await takeFolder(this.config.dataDir);
      // Loaded only where it is used.
      const { PGlite, types } = await import('@electric-sql/pglite');
      const pglite = await PGlite.create(folder, { parsers: { [types.INT8]: toNumber } });
      for (const channel of Object.values(CHANNELS)) {
        await pglite.listen(channel, (payload) => {
          this.notifications.hear(channel, payload);
        });
      }
      return pglite;
    });
  }
}

async function refuseSharedBackends(pool: PostgresPool): Promise<void> {
  const shared = await sharesBackends(pool).catch((error: unknown) => {
    throw new DatabaseUnusable(explain(error), { cause: error });
  });
  if (shared) throw new DatabaseUnusable(POOLED);
}

const POOLED =
  'DATABASE_URL leads to a pooler in transaction (or statement) mode, where settings, LISTEN and locks of a session do not ' +
  'hold; use its session mode (PgBouncer: pool_mode = session) or a direct connection';

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const known = error instanceof Error && ['FolderInUse'].includes(error.name) ? `: ${error.message}` : '';
  return `the database cannot be opened${code}${known}`;
}
