import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';

/**
 * A pool that takes no connection back whose query got no answer: the next query would wait behind it. An
 * error that the server itself reports leaves its connection as good as before.
 */
export function watchedPool(pool: pg.Pool): PostgresPool {
  return {
    connect: async () => new WatchedClient(await pool.connect()),
    end: () => pool.end(),
  };
}

class WatchedClient implements PostgresPoolClient {
  private readonly inner: PostgresPoolClient;
  private silent = false;

  constructor(private readonly client: pg.PoolClient) {
    this.inner = client;
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    statement: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof statement !== 'string') return this.inner.query(statement);
    return this.answerTo(this.inner.query<Row>(statement, parameters));
  }

  release(): void {
    this.client.release(this.silent);
  }

  private async answerTo<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      this.silent ||= !(error instanceof Error && 'severity' in error);
      throw error;
    }
  }
}
