import type { PostgresPool, PostgresPoolClient } from 'kysely';

/**
 * Whether the statements of one connection may run on several connections of the server, as behind a pooler in
 * transaction mode: settings, LISTEN and session locks do not hold there. Two connections that are open at once tell it:
 * each must have a backend of its own, and keep it. A pooler gives a statement the backend that was used last, or the
 * next in turn; the order of the questions shows either.
 */
export async function sharesBackends(pool: PostgresPool): Promise<boolean> {
  const one = await pool.connect();
  try {
    const other = await pool.connect();
    try {
      const first = await backendOf(one);
      const second = await backendOf(other);
      if (first === second || (await backendOf(other)) !== second) return true;
      return (await backendOf(one)) !== first || (await backendOf(one)) !== first;
    } finally {
      other.release();
    }
  } finally {
    one.release();
  }
}

async function backendOf(client: PostgresPoolClient): Promise<unknown> {
  const { rows } = await client.query<{ pid: unknown }>('select pg_backend_pid() as pid', []);
  return rows[0]?.pid;
}
