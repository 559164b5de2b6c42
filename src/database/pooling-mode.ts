import { type Kysely, sql } from 'kysely';

/**
 * Whether the statements of one connection may run on several connections of the server, as with a pooler in
 * transaction mode. There settings, LISTEN and session locks do not last. Two open connections show it: each must
 * have its own backend and keep it. A pooler gives a statement the last used backend, or the next in turn; the order
 * of the queries shows both.
 */
export function sharesBackends<Schema>(kysely: Kysely<Schema>): Promise<boolean> {
  return kysely.connection().execute((one) =>
    kysely.connection().execute(async (other) => {
      const first = await backendOf(one);
      const second = await backendOf(other);
      if (first === second || (await backendOf(other)) !== second) return true;
      return (await backendOf(one)) !== first || (await backendOf(one)) !== first;
    }),
  );
}

async function backendOf<Schema>(connection: Kysely<Schema>): Promise<unknown> {
  const { rows } = await sql<{ pid: unknown }>`select pg_backend_pid() as pid`.execute(connection);
  return rows[0]?.pid;
}
