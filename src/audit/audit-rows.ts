import canonicalize from 'canonicalize';
import { type Insertable, type Kysely, sql } from 'kysely';
import type { AuditEventTable, OperationTable, Schema } from '../database/schema.js';
import { PLATFORM_LOG } from '../sealing/seal.js';
import type { AuditEvent } from './audit-event.js';

/** An event, and what storing it means for the operation that it is about. */
export interface Entry {
  readonly event: AuditEvent;
  /** The values behind its masks, as a compact JWE under the customer's key. */
  readonly clear?: string;
  /** The intent of this operation, which is open from now on. */
  readonly opens?: Insertable<OperationTable>;
  /** `closes`: the final outcome. `doubts`: the outcome is not known; the reconciler takes over at `due`. */
  readonly settles?: 'closes' | { readonly doubts: { readonly at: Date; readonly due: Date } };
}

/**
 * Stores events and the state of their operations in one statement: all of it is there, or nothing. The row of the
 * operation decides who may tell its end: an outcome counts only while it is open, and is left out otherwise, so
 * that no operation ends twice. An entry that was stored although that seemed to fail is not stored twice.
 */
export async function storeEntries(database: Kysely<Schema>, entries: readonly Entry[]): Promise<void> {
  const opened = entries.flatMap(({ opens }) => (opens === undefined ? [] : [opens]));
  const closed = operationsOf(entries.filter(({ settles }) => settles === 'closes'));
  const doubts = entries.flatMap(({ event: { operation_id: id }, settles }) =>
    typeof settles === 'object' ? [{ id, doubted_at: settles.doubts.at, due_at: settles.doubts.due }] : [],
  );
  const rows = entries.map(toRow);
  const settling = entries.flatMap(({ event: { id }, settles }) => (settles === undefined ? [] : [id]));
  await sql`
    with opened as (
      insert into operation
      select row.* from json_populate_recordset(null::operation, ${JSON.stringify(opened)}::json) as row
      on conflict (id) do nothing
    ), closed as (
      delete from operation where id = any(${closed}::uuid[]) returning id
    ), doubted as (
      update operation set state = 'unknown', doubted_at = doubt.doubted_at, due_at = doubt.due_at
      from json_populate_recordset(null::operation, ${JSON.stringify(doubts)}::json) as doubt
      where operation.id = doubt.id and operation.state = 'sent'
      returning operation.id
    ), stored as (
      insert into audit_event
      select row.* from json_populate_recordset(null::audit_event, ${JSON.stringify(rows)}::json) as row
      where row.id <> all(${settling}::uuid[])
        or row.operation_id in (select id from closed union all select id from doubted)
        or not exists (
          select from audit_event as earlier
          where earlier.operation_id = row.operation_id and earlier.action = row.action
        )
      on conflict (id) do nothing
      returning id, tenant_id
    )
    insert into audit_pending select id, coalesce(tenant_id, ${PLATFORM_LOG}) from stored`.execute(database);
}

function operationsOf(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ event }) => (event.operation_id === null ? [] : [event.operation_id]));
}

/** The event as it is stored. */
function toRow({ event, clear }: Entry): Insertable<AuditEventTable> {
  const text = canonicalize(event);
  if (text === undefined) throw new TypeError('an audit event has no canonical form');
  return {
    id: event.id,
    operation_id: event.operation_id,
    tenant_id: event.tenant_id,
    occurred_at: new Date(event.occurred_at),
    action: event.action,
    phase: event.phase,
    outcome: event.outcome,
    actor_sub: event.actor.sub,
    actor_client_id: event.actor.client_id,
    customer_ref: event.target?.ref ?? null,
    customer_id: event.target?.customer_id ?? null,
    fields: event.changes.map(({ field }) => field),
    status: event.status,
    credential_version: event.credential?.version ?? null,
    event: text,
    clear: clear ?? null,
  };
}
