import { sql } from 'kysely';
import type { Database } from '../database/database.js';
import type { OperationTable } from '../database/schema.js';
import type { Clock } from '../runtime/clock.js';

/** Milliseconds that an instance has for what it took, before another one may take it. */
const LEASE = 60_000;
/** Operations that are taken at a time. */
const BATCH = 10;

/** An operation without a final outcome. */
export type OpenOperationRow = OperationTable;

/** The operations whose end has to be found out, shared among instances. */
export class OpenOperations {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Takes some that are due, oldest first; no other instance gets them for a minute. */
  take(): Promise<OpenOperationRow[]> {
    const now = this.clock.now();
    return this.database.kysely
      .updateTable('operation')
      .set({ due_at: new Date(now + LEASE) })
      .where('id', 'in', (query) =>
        query
          .selectFrom('operation')
          .select('id')
          .where('due_at', '<=', new Date(now))
          .orderBy('due_at')
          .limit(BATCH)
          .forUpdate()
          .skipLocked(),
      )
      .returningAll()
      .execute();
  }

  async postpone(id: string, dueAt: Date): Promise<void> {
    await this.database.kysely.updateTable('operation').set({ due_at: dueAt }).where('id', '=', id).execute();
  }

  /** Drops one whose outcome the trail has already. */
  async drop(id: string): Promise<void> {
    await this.database.kysely.deleteFrom('operation').where('id', '=', id).execute();
  }

  /** How many are unknown. */
  async countUnknown(): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::integer as count from operation where state = 'unknown'`.execute(this.database.kysely);
    return rows[0]?.count ?? 0;
  }
}
