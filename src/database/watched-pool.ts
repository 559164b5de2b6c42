import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';

/**
 * A pool that takes no connection back whose query got no answer: the next query would wait behind it. An
 * error that the server itself reports leaves its connection as good as before.
 * @param patienceMs milliseconds until a query fails that a server which has gone silent does not answer
 * @param prepare what every new connection is told first: a pooler refuses settings that come with the connection
 */
export function watchedPool(pool: pg.Pool, patienceMs: number, prepare: string): PostgresPool {
  const prepared = new WeakSet<object>();
  const names = new StatementNames();
  return {
    connect: async () => {
      const client = await pool.connect();
      const watched = new WatchedClient(client, patienceMs, names);
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

/** What is used of a client of pg: what its promises and its `query_timeout` hold on to outlives many a collection. */
interface Client {
  query<Row>(
    statement: Statement,
    answered: (error: Error | null | undefined, result: PostgresQueryResult<Row>) => void,
  ): void;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  release(destroy: boolean): void;
}

/** As pg takes it: a connection prepares a statement with a name once. */
interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

/** A prepared statement whose result has another shape since a migration: a new connection prepares it anew. */
const PLAN_OUTDATED = '0A000';

/** Statements that a pool prepares. What comes after so many is one of those that callers' filters make. */
const MAX_PREPARED = 100;

/** Names statements, so that the server plans each once for each connection. */
class StatementNames {
  private readonly names = new Map<string, string>();

  /** One without parameters may be several commands: those cannot be prepared. */
  statement(text: string, parameters: readonly unknown[]): Statement {
    const values = [...parameters];
    if (values.length === 0) return { text, values };
    const name = this.names.get(text) ?? `bff-${this.names.size}`;
    if (!this.names.has(text) && this.names.size >= MAX_PREPARED) return { text, values };
    this.names.set(text, name);
    return { name, text, values };
  }
}

class WatchedClient implements PostgresPoolClient {
  private silent = false;

  constructor(
    private readonly client: Client,
    private readonly patienceMs: number,
    private readonly names: StatementNames,
  ) {}

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    statement: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof statement !== 'string') return this.client.query(statement);
    return this.answerTo<Row>(statement, parameters);
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
        reject(new Error(`the database did not answer within ${this.patienceMs} ms`));
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
