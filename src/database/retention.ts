import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Schema } from './schema.js';

/** SQLSTATE of a statement that the account may not run. */
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Stores AUDIT_RETENTION_DAYS where the database reads it. An account that does not own the tables can't (see
 * docs/runtime-role.sql): then the owner's value counts, and a different setting is reported.
 * @param days null: everything is kept
 */
export async function storeRetention(
  kysely: Kysely<Schema>,
  days: number | null,
  logger: Logger,
): Promise<void> {
  const stored = await kysely.selectFrom('audit_retention').select('days').executeTakeFirst();
  if ((stored?.days ?? null) === days) return;
  try {
    await kysely
      .insertInto('audit_retention')
      .values({ days })
      .onConflict((conflict) => conflict.column('only_row').doUpdateSet({ days }))
      .execute();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    logger.warn(
      { setting: days, stored: stored?.days ?? null },
      'AUDIT_RETENTION_DAYS is not what the owner of the tables stored in audit_retention, and the stored value counts; ' +
        'the owner changes it by `npm run migrate` with this setting',
    );
  }
}
