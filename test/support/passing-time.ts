import { sql } from 'kysely';
import type { Database } from '../../src/database/database.js';
import type { SkippingClock } from './skipping-clock.js';

/** What is dated by the database's clock, which no test can move. */
const DATES = {
  operation: ['due_at', 'unknown_since'],
  idempotency_key: ['held_until', 'expires_at'],
  customer_lease: ['held_until'],
  lease: ['held_until'],
  tenant_token: ['probed_at'],
} as const;

interface Place {
  readonly database: Database;
}

/** Lets time pass for the database, by making all that it dates older, and for its instances. */
export async function letPass(place: Place, clock: SkippingClock, ms: number): Promise<void> {
  await makeOlder(place, ms);
  clock.skip(ms);
}

export async function makeOlder({ database }: Place, ms: number): Promise<void> {
  const updates = Object.entries(DATES).map(([table, columns]) => {
    const changes = columns.map(
      (column) => sql`${sql.ref(column)} = ${sql.ref(column)} - ${ms}::float8 * interval '1 millisecond'`,
    );
    return sql`${sql.ref(`older_${table}`)} as (update ${sql.table(table)} set ${sql.join(changes)})`;
  });
  await sql`with ${sql.join(updates)} select`.execute(database.kysely);
}
