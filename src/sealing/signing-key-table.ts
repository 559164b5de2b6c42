import type { EncryptedTable } from '../crypto/reencryption.js';
import { signingKeyContext } from './seal-signer.js';

/** The stored signing key, which signs the next one, for a rotation of the encryption key. */
export const SIGNING_KEYS: EncryptedTable = {
  content: 'signing keys',
  async lock(transaction, kids, limit, [after] = ['', '']) {
    const rows = await transaction
      .selectFrom('audit_key')
      .select(['kid', 'wrapped'])
      .where('wrapped_kid', 'in', kids)
      .where('kid', '>', after)
      .orderBy('kid')
      .limit(limit)
      .forUpdate()
      .skipLocked()
      .execute();
    return rows.map(({ kid: name, wrapped }) => ({
      cursor: [name, ''],
      context: signingKeyContext(name),
      jwe: wrapped ?? '',
      store: ({ jwe, kid }) =>
        transaction
          .updateTable('audit_key')
          .set({ wrapped: jwe, wrapped_kid: kid })
          .where('kid', '=', name)
          .execute(),
    }));
  },
};
