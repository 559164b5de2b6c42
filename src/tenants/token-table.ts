import { sql } from 'kysely';
import type { EncryptedTable } from '../crypto/reencryption.js';
import { tokenContext } from './tenant-change.js';

/** Tenants' tokens, for a rotation of the encryption key. */
export const TENANT_TOKENS: EncryptedTable = {
  content: 'tokens',
  async lock(transaction, kids, limit, [tenant, after] = ['', 0]) {
    const rows = await transaction
      .selectFrom('tenant_token')
      .select(['tenant_id', 'version', 'token'])
      .where('kid', 'in', kids)
      .where(sql<boolean>`(tenant_id, version) > (${tenant}, ${Number(after)}::integer)`)
      .orderBy('tenant_id')
      .orderBy('version')
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .execute();
    return rows.map(({ tenant_id, version, token }) => ({
      cursor: [tenant_id, version],
      context: tokenContext(tenant_id, version),
      jwe: token,
      store: ({ jwe, kid }) =>
        transaction
          .updateTable('tenant_token')
          .set({ token: jwe, kid })
          .where('tenant_id', '=', tenant_id)
          .where('version', '=', version)
          .execute(),
    }));
  },
};
