import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import type { Tracing } from '../runtime/tracing.js';
import { DatabaseUnreachable } from './database-unreachable.js';

/**
 * A pool that discards a connection whose query got no answer, because the next query would wait behind it. After an
 * error that the server itself reports, the connection can be used again.
 * @param patienceMs milliseconds until a query fails if the server no longer answers
 * @param where host and port of the server, for the log
 * @param prepare the first statement of every new connection: a pooler refuses settings in the start-up parameters
 */
export function watchedPool(
  pool: pg.Pool,
  where: string,
  patienceMs: number,
  prepare: string,
  tracing: Tracing,
): PostgresPool {
  const prepared = new WeakSet<object>();
  const names = new StatementNames();
  return {
    connect: async () => {
      const client = await connected(pool, where);
      const watched = new WatchedClient(client, where, patienceMs, names, tracing);
      if (prepared.has(client)) return watched;
      try {
        await watched.query(prepare, []);
      } catch (error) {
        client.release(true);
        throw error;
      }
      prepared.add(client);
      return watched;
    },
    end: () => pool.end(),
  };
}

async function connected(pool: pg.Pool, where: string): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new DatabaseUnreachable(`no connection to PostgreSQL at ${where}`, error);
  }
}

/**
 * The used part of pg's client. Its promises and its `query_timeout` are not used, because they keep results in
 * memory during many garbage collections.
 */
interface Client {
  query<Row>(
    statement: Statement,
    answered: (error: Error | null | undefined, result: PostgresQueryResult<Row>) => void,
  ): void;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  release(destroy: boolean): void;
}

/** A statement for pg. A connection prepares a statement with a name once. */
interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

/** A prepared statement whose result has changed its shape by a migration; a new connection prepares it again. */
const PLAN_OUTDATED = '0A000';

/**
 * Maximum number of prepared statements of a pool. Statements beyond it come from the many combinations of filters.
 */
const MAX_PREPARED = 100;

/** Gives names to statements, so that the server plans each of them once for each connection. */
class StatementNames {
  private readonly names = new Map<string, string>();

  /** A statement without parameters may have several commands, which can't be prepared. */
  statement(text: string, parameters: readonly unknown[]): Statement {
    const values = [...parameters];
    if (values.length === 0) return { text, values };
    const name = this.names.get(text) ?? `bff-${this.names.size}`;
    if (!this.names.has(text) && this.names.size >= MAX_PREPARED) return { text, values };
    this.names.set(text, name);
    return { name, text, values };
  }
}

/** Characters of a statement in a span. */
const MAX_QUERY_TEXT = 1_000;

function operationOf(statement: string): string {
  return /[a-z]+/i.exec(statement)?.[0].toUpperCase() ?? 'SQL';
}

class WatchedClient implements PostgresPoolClient {
  private silent = false;

  constructor(
    private readonly client: Client,
    private readonly where: string,
    private readonly patienceMs: number,
    private readonly names: StatementNames,
    private readonly tracing: Tracing,
  ) {}

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    statement: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof statement !== 'string') return this.client.query(statement);
    if (!this.tracing.active) return this.answerTo<Row>(statement, parameters);
    return this.tracing.span(operationOf(statement), () => this.answerTo<Row>(statement, parameters), {
      kind: 'client',
      // The text has no values: they are parameters.
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': operationOf(statement),
        'db.query.text': statement.slice(0, MAX_QUERY_TEXT),
        'server.address': this.where,
      },
    });
  }

  release(): void {
    this.client.release(this.silent);
  }

  private answerTo<Row>(
    statement: string,
    parameters: readonly unknown[],
  ): Promise<PostgresQueryResult<Row>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.silent = true;
        reject(
          new DatabaseUnreachable(`PostgreSQL at ${this.where} did not answer within ${this.patienceMs} ms`),
        );
      }, this.patienceMs);
      this.client.query<Row>(this.names.statement(statement, parameters), (error, result) => {
        clearTimeout(timer);
        if (error instanceof Error) {
          this.silent ||= !('severity' in error) || ('code' in error && error.code === PLAN_OUTDATED);
          reject(error);
        } else resolve(result);
      });
    });
  }
}
