import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { PGlite, types } from '@electric-sql/pglite';
import { type Dialect, Kysely, Migrator, PostgresDialect, type PostgresPool, sql } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { takeFolder } from './exclusive-folder.js';
import { MIGRATIONS } from './migrations.js';
import { sharesBackends } from './pooling-mode.js';
import { pgliteDialect } from './pglite.dialect.js';
import type { Schema } from './schema.js';
import { watchedPool } from './watched-pool.js';

/** The database can't be opened or brought up to date. */
export class DatabaseUnusable extends Error {
  override readonly name = 'DatabaseUnusable';
}

/** Milliseconds that one statement, or the wait for a connection, may take. */
const STATEMENT_TIMEOUT = 4_000;
/** For a server that has gone silent; one that is slow says so itself before. */
const PATIENCE = STATEMENT_TIMEOUT + 1_000;
const CONNECT_TIMEOUT = 2_000;
const MAX_CONNECTIONS = 10;
const MAX_READING_CONNECTIONS = 5;

/** 64-bit integers are numbers here: what the service counts stays far below 2^53. */
const toNumber = (text: string): number => Number(text);
pg.types.setTypeParser(pg.types.builtins.INT8, toNumber);

/** PostgreSQL through Kysely: the server of DATABASE_URL, else one embedded in DATA_DIR. */
@Injectable()
export class Database {
  /** For patches, and what works by itself. */
  readonly kysely: Kysely<Schema>;
  /** For what callers only read: however many they are, and however slow, they take no connection of a patch. */
  readonly readers: Kysely<Schema>;
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
   * Opens the database and runs the migrations that are missing, one instance at a time.
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
  }

  async onApplicationShutdown(): Promise<void> {
    await this.kysely.destroy();
    if (this.readers !== this.kysely) await this.readers.destroy();
    await this.giveBackFolder();
  }

  /** Resolves when the database answers; rejects after the statement time-out at the latest. */
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
    // So would one that breaks while it is in use, which the pool does not watch; its query fails with the same error.
    pool.on('connect', (client) => client.on('error', () => undefined));
    return watchedPool(pool, PATIENCE, `set statement_timeout = ${STATEMENT_TIMEOUT}`);
  }

  private embedded(): Dialect {
    return pgliteDialect(async () => {
      const folder = join(this.config.dataDir, 'database');
      this.giveBackFolder = await takeFolder(this.config.dataDir);
      return PGlite.create(folder, { parsers: { [types.INT8]: toNumber } });
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
