import { type Kysely, sql } from 'kysely';
import { idsSince, timeOf } from '../audit-log/event-ids.js';
import { columnsOf } from '../audit-log/stored-event.js';
import { fromNow } from '../database/database-time.js';
import type { CustomerAliasTable, EncryptedColumns, KeptAnswer, Schema } from '../database/schema.js';
import { PLATFORM } from '../tenants/tenant.js';
import type { AuditEvent } from './audit-event.js';

/** Milliseconds from an unknown outcome to the reconciler's first read. */
const FIRST_READ = 1_000;

/** A patch that will be sent next. */
export interface OpenedOperation {
  readonly id: string;
  readonly tenant_id: string;
  /** Milliseconds after which its request is certainly finished. */
  readonly due_in_ms: number;
  /** What is needed to find its outcome; undefined if its intent has the values. */
  readonly snapshot: EncryptedColumns | undefined;
}

/** An event, and the change of its operation that is stored with it. */
export interface Entry {
  readonly event: AuditEvent;
  /** The values behind the masks, encrypted with the customer's key. */
  readonly encryptedValues?: Uint8Array;
  /** The event is the intent of this operation, which is now open. */
  readonly opens?: OpenedOperation;
  /** Only for an outcome: whether it is final, or the reconciler has to find it. */
  readonly operationState?: 'final' | 'unknown';
  /** The answer to its request, if that has an idempotency key. */
  readonly answer?: KeptAnswer | undefined;
  /** Aliases of its customer, hashed. */
  readonly aliases?: readonly CustomerAliasTable[];
}

/** Stores events in as few statements as possible. One statement can't have two outcomes of an operation. */
export async function storeEntries(database: Kysely<Schema>, entries: readonly Entry[]): Promise<void> {
  let rest = entries;
  while (rest.length > 0) {
    const settled = new Set<string | null>();
    const second = rest.findIndex(({ event, operationState }) => {
      if (operationState === undefined) return false;
      const known = settled.has(event.operation_id);
      settled.add(event.operation_id);
      return known;
    });
    const count = second < 0 ? rest.length : second;
    await storeStatement(database, rest.slice(0, count));
    rest = rest.slice(count);
  }
}

/**
 * Stores events, the state of their operations, their answers and aliases in one statement, so all of it is stored or
 * nothing. An outcome is stored only while the row of its operation exists and is left out otherwise, so no operation
 * has two final outcomes. If an entry was stored although storing it seemed to fail, it is not stored twice.
 */
async function storeStatement(database: Kysely<Schema>, entries: readonly Entry[]): Promise<void> {
  const opened = entries.flatMap(({ opens }) => (opens === undefined ? [] : [toOperation(opens)]));
  const answers = entries.flatMap(({ answer }) => (answer === undefined ? [] : [toJson(answer)]));
  const aliases = entries.flatMap((entry) => entry.aliases ?? []);
  const closed = operationsOf(entries.filter(({ operationState }) => operationState === 'final'));
  const unknown = operationsOf(entries.filter(({ operationState }) => operationState === 'unknown'));
  const rows = `[${entries.map(toRow).join(',')}]`;
  const outcomes = outcomesOf(entries);
  await sql`
    with opened as (
      insert into operation (id, tenant_id, state, due_at, own_key, own_kid, encrypted)
      select id, tenant_id, 'sent', now() + due_in_ms * interval '1 millisecond', own_key, own_kid,
        decode(encrypted, 'base64')
      from json_to_recordset(${JSON.stringify(opened)}::json) as row (
        id uuid, tenant_id text, due_in_ms float8, own_key text, own_kid text, encrypted text
      )
      on conflict (id) do nothing
    ), answered as (
      update idempotency_key as key set
        customer_id = row.customer_id, own_key = row.own_key, own_kid = row.own_kid,
        encrypted = decode(row.encrypted, 'base64')
      from json_to_recordset(${JSON.stringify(answers)}::json) as row (
        key_id text, operation_id uuid, customer_id text, own_key text, own_kid text, encrypted text
      )
      where key.id = row.key_id and key.operation_id = row.operation_id
    ), named as (
      insert into customer_alias (tenant_id, alias, customer_id)
      select distinct tenant_id, alias, customer_id from json_to_recordset(${JSON.stringify(aliases)}::json) as row (
        tenant_id text, alias text, customer_id text
      )
      order by tenant_id, alias, customer_id
      on conflict do nothing
    ), closed as (
      delete from operation where id = any(${closed}::uuid[]) returning id
    ), unknown as (
      update operation set state = 'unknown', unknown_since = now(), due_at = ${fromNow(FIRST_READ)}
      where id = any(${unknown}::uuid[]) and state = 'sent'
      returning id
    ), stored as (
      insert into audit_record (
        id, operation_id, tenant_id, action, phase, outcome, status, problem, problem_count, reverts, actor_is_service,
        actor_sub, actor_client_id, actor_scopes, actor_act, ip, user_agent, request_uuid, request_id, trace_id,
        customer_id, customer_ref, upstream_status, upstream_attempts, upstream_duration_ms, credential_version,
        credential_fingerprint, changes, commitments, encrypted_values
      )
      select
        id, operation_id, tenant_id, action, phase, outcome, status, problem, problem_count, reverts, actor_is_service,
        actor_sub, actor_client_id, actor_scopes, actor_act, ip, user_agent, request_uuid, request_id, trace_id,
        customer_id, customer_ref, upstream_status, upstream_attempts, upstream_duration_ms, credential_version,
        decode(credential_fingerprint, 'hex'), changes, decode(commitments, 'hex'), decode(encrypted_values, 'base64')
      from json_to_recordset(${rows}::json) as row (
        id uuid, operation_id uuid, tenant_id text, action audit_action, phase audit_phase, outcome audit_outcome,
        status smallint, problem text, problem_count integer, reverts uuid, actor_is_service boolean, actor_sub text,
        actor_client_id text, actor_scopes text, actor_act text, ip text, user_agent text, request_uuid uuid,
        request_id text, trace_id uuid, customer_id text, customer_ref text, upstream_status smallint,
        upstream_attempts integer, upstream_duration_ms integer, credential_version integer,
        credential_fingerprint text, changes text, commitments text, encrypted_values text
      )
      where row.id <> all(${outcomes.ids}::uuid[])
        or row.operation_id in (select id from closed union all select id from unknown)
        or not exists (
          select from audit_record as earlier
          where earlier.operation_id = row.operation_id and earlier.action = row.action
            and earlier.id >= ${outcomes.since}::uuid and earlier.id < ${outcomes.until}::uuid
          -- Makes it a look by index for each row, and not one at all events since then.
          offset 0
        )
      on conflict do nothing
      returning id, tenant_id
    )
    insert into audit_pending select id, coalesce(tenant_id, ${PLATFORM.id}) from stored`.execute(database);
}

function operationsOf(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ event }) => (event.operation_id === null ? [] : [event.operation_id]));
}

function toOperation({ snapshot, ...operation }: OpenedOperation): object {
  if (snapshot === undefined) return operation;
  return { ...operation, ...toJson(snapshot) };
}

function toJson(columns: EncryptedColumns): object {
  return { ...columns, encrypted: base64(columns.encrypted) };
}

/** The outcomes among the entries, and bounds of the ids of all events of their operations. */
function outcomesOf(entries: readonly Entry[]): { ids: string[]; since: string; until: string } {
  const outcomes = entries.filter(({ operationState }) => operationState !== undefined);
  const ids = outcomes.map(({ event }) => event.id).sort();
  const [began = NO_ID] = operationsOf(outcomes).sort();
  const [since, until] = idsSince(began, timeOf(ids.at(-1) ?? NO_ID));
  return ids.length === 0 ? { ids, since: NO_ID, until: NO_ID } : { ids, since, until };
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

function toRow({ event, encryptedValues }: Entry): string {
  const values = encryptedValues === undefined ? '' : `,"encrypted_values":"${base64(encryptedValues)}"`;
  return `${columnsOf(event)}${values}}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
