import type { PostgresPool, PostgresPoolClient } from 'kysely';

/**
 * Whether the statements of one connection may run on several connections of the server, as with a pooler in
 * transaction mode. There settings, LISTEN and session locks do not last. Two open connections show it: each must
 * have its own backend and keep it. A pooler gives a statement the last used backend, or the next in turn; the order
 * of the queries shows both.
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
