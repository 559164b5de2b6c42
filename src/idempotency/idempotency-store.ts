import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import type { EncryptedColumns } from '../database/schema.js';

/** Milliseconds that an answer is stored. */
const KEEP_FOR = 24 * 60 * 60_000;

/** A request that claims a key. */
export interface Claim {
  /** Hash of the key and its owner. */
  readonly id: string;
  readonly tenantId: string;
  /** Hash of the request. */
  readonly fingerprint: string;
  readonly operationId: string;
  /** By the monotonic clock. */
  readonly deadline: number;
  /** Milliseconds until its request is certainly finished. */
  readonly heldForMs: number;
}

/** The state of a key's row. */
export type Found =
  | { readonly state: 'claimed' }
  | { readonly state: 'reused' }
  | { readonly state: 'running' }
  /** Its request is finished and stored no answer. */
  | { readonly state: 'abandoned'; readonly operationId: string }
  | { readonly state: 'answered'; readonly operationId: string; readonly answer: EncryptedColumns };

/** Idempotency keys and their answers, in the database, for all instances. */
@Injectable()
export class IdempotencyStore {
  constructor(private readonly database: Database) {}

  /** One statement. An expired answer counts as none. */
  async claim(claim: Claim): Promise<Found> {
    const claimed = claimedBy(claim);
    const rows = await this.database.kysely
      .insertInto('idempotency_key')
      .values({ id: claim.id, tenant_id: claim.tenantId, ...claimed })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(claimed).where('idempotency_key.expires_at', '<=', NOW),
      )
      .returning('id')
      .execute();
    return rows.length > 0 ? { state: 'claimed' } : this.find(claim);
  }

  /** Takes over the key of a request that stored no answer; false if another request did. */
  async takeOver(claim: Claim, from: string): Promise<boolean> {
    const rows = await this.database.kysely
      .updateTable('idempotency_key')
      .set(claimedBy(claim))
      .where('id', '=', claim.id)
      .where('operation_id', '=', from)
      .returning('id')
      .execute();
    return rows.length > 0;
  }

  async keep(id: string, operationId: string, answer: EncryptedColumns): Promise<void> {
    await this.database.kysely
      .updateTable('idempotency_key')
      .set({ ...answer, expires_at: fromNow(KEEP_FOR) })
      .where('id', '=', id)
      .where('operation_id', '=', operationId)
      .execute();
  }

  async release(id: string, operationId: string): Promise<void> {
    await this.database.kysely
      .deleteFrom('idempotency_key')
      .where('id', '=', id)
      .where('operation_id', '=', operationId)
      .execute();
  }

  /** Erases answers that are not encrypted with the customer's key: refusals with the billing API's reasons. */
  async forgetAnswersAbout(tenantId: string, customerId: string): Promise<void> {
    await this.database.kysely
      .updateTable('idempotency_key')
      .set({ own_key: null, encrypted: null, held_until: new Date(0) })
      .where('tenant_id', '=', tenantId)
      .where('own_key', 'is not', null)
      .where('operation_id', 'in', (about) =>
        about
          .selectFrom('audit_event')
          .select((row) => row.ref('operation_id').$notNull().as('operation_id'))
          .where('tenant_id', '=', tenantId)
          .where('customer_id', '=', customerId)
          .where('operation_id', 'is not', null),
      )
      .execute();
  }

  private async find({ id, fingerprint }: Claim): Promise<Found> {
    const row = await this.database.kysely
      .selectFrom('idempotency_key')
      .selectAll()
      .select(sql<boolean>`held_until > now()`.as('held'))
      .where('id', '=', id)
      .executeTakeFirst();
    // The key was freed at this moment; the caller may try again.
    if (row === undefined) return { state: 'running' };
    if (row.fingerprint !== fingerprint) return { state: 'reused' };
    const { operation_id: operationId, customer_id, own_key, encrypted, held } = row;
    if (encrypted !== null)
      return { state: 'answered', operationId, answer: { customer_id, own_key, encrypted } };
    return held ? { state: 'running' } : { state: 'abandoned', operationId };
  }
}

/** The columns of a key that a request holds and that has no answer yet. */
function claimedBy({ fingerprint, operationId, heldForMs }: Claim) {
  return {
    fingerprint,
    operation_id: operationId,
    held_until: fromNow(heldForMs),
    customer_id: null,
    own_key: null,
    encrypted: null,
    expires_at: fromNow(KEEP_FOR),
  };
}
