import { sql } from 'kysely';
import { ownKeyContext } from './customer-cipher.js';
import type { EncryptedTable } from './reencryption.js';

/**
 * Values with a key of their own, for a rotation of the encryption key.
 * @param placeOf where the value of a row is stored
 */
export function ownKeysOf(
  table: 'operation' | 'idempotency_key',
  placeOf: (id: string) => string,
): EncryptedTable {
  return {
    content: `own keys of ${table}`,
    async lock(transaction, kids, limit, [after] = ['', 0]) {
      const { rows } = await sql<{ id: string; own_key: string }>`
        select id::text as id, own_key from ${sql.table(table)}
        where own_kid = any(${kids}::text[]) and id::text > ${after}
        order by id::text limit ${limit} for update skip locked`.execute(transaction);
      return rows.map(({ id, own_key }) => ({
        cursor: [id, 0],
        context: ownKeyContext(placeOf(id)),
        jwe: own_key,
        store: ({ jwe, kid }) =>
          sql`update ${sql.table(table)} set own_key = ${jwe}, own_kid = ${kid} where id = ${id}`.execute(
            transaction,
          ),
      }));
    },
  };
}
