import { sql } from 'kysely';
import { customerKeyContext } from './customer-cipher.js';
import type { EncryptedTable } from './reencryption.js';

/** Customers' keys, for a rotation of the encryption key. */
export const CUSTOMER_KEYS: EncryptedTable = {
  content: 'customer keys',
  async lock(transaction, kids, limit, [tenant, customer] = ['', '']) {
    const rows = await transaction
      .selectFrom('customer_key')
      .select(['tenant_id', 'customer_id', 'wrapped'])
      .where('kid', 'in', kids)
      .where(sql<boolean>`(tenant_id, customer_id) > (${tenant}, ${customer})`)
      .orderBy('tenant_id')
      .orderBy('customer_id')
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .execute();
    return rows.map(({ tenant_id, customer_id, wrapped }) => ({
      cursor: [tenant_id, customer_id],
      context: customerKeyContext(tenant_id, customer_id),
      jwe: wrapped,
      store: ({ jwe, kid }) =>
        transaction
          .updateTable('customer_key')
          .set({ wrapped: jwe, kid })
          .where('tenant_id', '=', tenant_id)
          .where('customer_id', '=', customer_id)
          .execute(),
    }));
  },
};
