import { Injectable } from '@nestjs/common';
import { type Selectable, sql, type Transaction } from 'kysely';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import type { OperationTable, Schema } from '../database/schema.js';

/** Milliseconds that an instance has for the operations it claimed, before another instance may claim them. */
const LEASE = 60_000;
/** Operations claimed at a time. */
const BATCH = 10;

/** An operation without a final outcome. */
export type OpenOperationRow = Selectable<OperationTable> & {
  /** Milliseconds from unknown outcome to claim; 0 if the outcome is not unknown yet. */
  readonly age_ms: number;
};

/** The open operations, shared by all instances. */
@Injectable()
export class OpenOperations {
  constructor(private readonly database: Database) {}

  /**
   * Claims operations that are due, oldest first. No other instance gets them for a minute. In a transaction: a server that
   * stood still carries out no more than its begin if the claim was given up.
   */
  take(): Promise<OpenOperationRow[]> {
    return this.database.kysely.transaction().execute((transaction) => this.claim(transaction));
  }

  /** Notifies all instances when the operation ends: a request waits for that. */
  async announceEnd(id: string): Promise<void> {
    await this.database.readers
      .updateTable('operation')
      .set({ awaited: true })
      .where('id', '=', id)
      .where('awaited', '=', false)
      .execute();
  }

  /** @param ms milliseconds from now */
  async postpone(id: string, ms: number): Promise<void> {
    await this.database.kysely
      .updateTable('operation')
      .set({ due_at: fromNow(ms) })
      .where('id', '=', id)
      .execute();
  }

  /** Deletes an operation whose outcome is already in the trail. */
  async drop(id: string): Promise<void> {
    await this.database.kysely.deleteFrom('operation').where('id', '=', id).execute();
  }

  /** Number of operations with an unknown outcome, and seconds since the oldest became unknown. */
  async countUnknown(): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
    const { rows } = await sql<{ count: number; oldest: number | null }>`
      select count(*)::integer as count, extract(epoch from now() - min(unknown_since))::float8 as oldest
      from operation where state = 'unknown'`.execute(this.database.kysely);
    return { count: rows[0]?.count ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0) };
  }

  private claim(transaction: Transaction<Schema>): Promise<OpenOperationRow[]> {
    return transaction
      .updateTable('operation')
      .set({ due_at: fromNow(LEASE) })
      .where('id', 'in', (query) =>
        query
          .selectFrom('operation')
          .select('id')
          .where('due_at', '<=', NOW)
          .orderBy('due_at')
          .limit(BATCH)
          .forUpdate()
          .skipLocked(),
      )
      .returning(['id', 'tenant_id', 'state', 'due_at', 'unknown_since', 'awaited'])
      .returning(['own_key', 'own_kid', 'encrypted'])
      .returning(
        sql<number>`coalesce(extract(epoch from now() - unknown_since) * 1000, 0)::float8`.as('age_ms'),
      )
      .execute();
  }
}
