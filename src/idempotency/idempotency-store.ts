import { Injectable } from '@nestjs/common';
import { type Expression, sql, type Transaction } from 'kysely';
import { fromNow } from '../database/database-time.js';
import { Database } from '../database/database.js';
import { Grouped } from '../database/grouped.js';
import type { EncryptedColumns, KeptAnswer, Schema } from '../database/schema.js';

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

/** Keys claimed in one statement. */
const MAX_CLAIMS = 100;

/** Idempotency keys and their answers, in the database, for all instances. */
@Injectable()
export class IdempotencyStore {
  private readonly claims = new Grouped<Claim, boolean>(
    (claims) => this.claimAll(claims),
    ({ id }) => id,
    MAX_CLAIMS,
  );

  constructor(private readonly database: Database) {}

  /** An expired answer counts as none. */
  async claim(claim: Claim): Promise<Found> {
    return (await this.claims.call(claim)) ? { state: 'claimed' } : this.find(claim);
  }

  /** In the order of their ids, so that two instances never wait for each other. */
  private async claimAll(claims: readonly Claim[]): Promise<boolean[]> {
    const rows = claims.map((claim) => ({
      id: claim.id,
      tenant_id: claim.tenantId,
      fingerprint: claim.fingerprint,
      operation_id: claim.operationId,
      held_for: claim.heldForMs,
    }));
    const claimed = await sql<{ id: string }>`
      insert into idempotency_key (id, tenant_id, fingerprint, operation_id, held_until, expires_at)
      select id, tenant_id, fingerprint, operation_id, now() + held_for * interval '1 millisecond', ${fromNow(KEEP_FOR)}
      from json_to_recordset(${JSON.stringify(rows)}::json) as row (
        id text, tenant_id text, fingerprint text, operation_id uuid, held_for float8
      )
      order by id
      on conflict (id) do update set
        fingerprint = excluded.fingerprint, operation_id = excluded.operation_id, held_until = excluded.held_until,
        expires_at = excluded.expires_at, customer_id = null, own_key = null, own_kid = null,
        encrypted = null
      where idempotency_key.expires_at <= now()
      returning id`.execute(this.database.kysely);
    const ids = new Set(claimed.rows.map(({ id }) => id));
    return claims.map(({ id }) => ids.has(id));
  }

  /** Takes over the key of a request that stored no answer; false if another request did. */
  async takeOver(claim: Claim, from: string): Promise<boolean> {
    const rows = await this.database.kysely
      .updateTable('idempotency_key')
      .set({
        fingerprint: claim.fingerprint,
        operation_id: claim.operationId,
        held_until: fromNow(claim.heldForMs),
        customer_id: null,
        own_key: null,
        own_kid: null,
        encrypted: null,
        expires_at: fromNow(KEEP_FOR),
      })
      .where('id', '=', claim.id)
      .where('operation_id', '=', from)
      .returning('id')
      .execute();
    return rows.length > 0;
  }

  async keep({ key_id, operation_id, ...answer }: KeptAnswer): Promise<void> {
    await this.database.kysely
      .updateTable('idempotency_key')
      .set({ ...answer, expires_at: fromNow(KEEP_FOR) })
      .where('id', '=', key_id)
      .where('operation_id', '=', operation_id)
      .execute();
  }

  async release(id: string, operationId: string): Promise<void> {
    await this.database.kysely
      .deleteFrom('idempotency_key')
      .where('id', '=', id)
      .where('operation_id', '=', operationId)
      .execute();
  }

  /**
   * Erases answers of these operations that are not encrypted with the customer's key: refusals with the billing API's
   * reasons.
   */
  async forgetAnswersOf(
    transaction: Transaction<Schema>,
    tenantId: string,
    operations: Expression<string>,
  ): Promise<void> {
    await transaction
      .updateTable('idempotency_key')
      .set({ own_key: null, own_kid: null, encrypted: null, held_until: new Date(0) })
      .where('tenant_id', '=', tenantId)
      .where('own_key', 'is not', null)
      .where('operation_id', 'in', operations)
      .execute();
  }

  private async find({ id, fingerprint }: Claim): Promise<Found> {
    const row = await this.database.kysely
      .selectFrom('idempotency_key')
      .select(['fingerprint', 'operation_id', 'customer_id', 'own_key', 'own_kid', 'encrypted'])
      .select(sql<boolean>`held_until > now()`.as('held'))
      .where('id', '=', id)
      .executeTakeFirst();
    // The key was freed at this moment; the caller may try again.
    if (row === undefined) return { state: 'running' };
    if (row.fingerprint !== fingerprint) return { state: 'reused' };
    const { operation_id: operationId, customer_id, own_key, own_kid, encrypted, held } = row;
    if (encrypted !== null)
      return { state: 'answered', operationId, answer: { customer_id, own_key, own_kid, encrypted } };
    return held ? { state: 'running' } : { state: 'abandoned', operationId };
  }
}
