import type { PGlite } from '@electric-sql/pglite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';

/** Kysely on PGlite: PostgreSQL's dialect over the single connection of the embedded database. */
export function pgliteDialect(open: () => Promise<PGlite>): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PGliteDriver(open),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

class PGliteDriver implements Driver {
  private connection: PGliteConnection | undefined;
  private busy: Promise<void> = Promise.resolve();
  private release: () => void = () => undefined;

  constructor(private readonly open: () => Promise<PGlite>) {}

  async init(): Promise<void> {
    this.connection = new PGliteConnection(await this.open());
  }

  /** Waits until the connection is free: another caller's statements must not get into a transaction. */
  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.busy;
    let release: () => void = () => undefined;
    this.busy = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.release = release;
    if (this.connection === undefined) throw new Error('the embedded database is not open');
    return this.connection;
  }

  releaseConnection(): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    await this.connection?.close();
    this.connection = undefined;
  }
}

class PGliteConnection implements DatabaseConnection {
  constructor(private readonly pglite: PGlite) {}

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affectedRows } = await this.pglite.query<Row>(query.sql, [...query.parameters]);
    return { rows, numAffectedRows: BigInt(affectedRows ?? 0) };
  }

  // eslint-disable-next-line require-yield -- Kysely's interface asks for it; nothing here streams yet
  async *streamQuery<Row>(): AsyncGenerator<QueryResult<Row>> {
    await Promise.reject(new Error('the embedded database does not stream'));
  }

  async close(): Promise<void> {
    await this.pglite.close();
  }
}
