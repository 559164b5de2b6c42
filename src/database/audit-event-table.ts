import { type Kysely, sql } from 'kysely';

/** No value of a row is stored apart: a row is at most a few kilobytes, and most of it can't be compressed. */
export const ROWS_IN_LINE = 'toast_tuple_target = 8160';

/**
 * The table of the trail, `audit_record`, and the view `audit_event` for people. A row has each fact of an event once, in
 * a column of its type (`audit-log/stored-event.ts`); the view adds the event's text. Columns with a fixed size come first,
 * the widest before the others, because PostgreSQL aligns them.
 */
export async function createAuditEvent(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...TYPES, TABLE, ...INDEXES, ...APPEND_ONLY, VIEW])
    await sql.raw(statement).execute(db);
}

const TYPES = [
  `create type audit_action as enum (
    'customer.patch', 'customer.patch.previewed', 'access.refused', 'tenant.changed', 'tenant.token.added',
    'tenant.token.retired', 'tenant.token.rejected', 'audit.read', 'audit.exported', 'personal-data.erased')`,
  `create type audit_phase as enum ('intent', 'outcome', 'refusal', 'event')`,
  `create type audit_outcome as enum (
    'pending', 'applied', 'unchanged', 'rejected', 'not_applied', 'unknown', 'unverifiable', 'refused')`,
];

/**
 * A partition by the month of its UUIDv7 ids (RFC 9562, section 5.7). The default partition gets all other rows. The events of
 * no tenant are of the tenant null, which is one tenant to the index.
 */
const TABLE = `
  create table audit_record (
    stored_at timestamptz not null default now(),
    action audit_action not null,
    phase audit_phase not null,
    outcome audit_outcome not null,
    credential_version integer,
    upstream_duration_ms integer,
    upstream_attempts integer,
    problem_count integer,
    status smallint,
    upstream_status smallint,
    id uuid not null,
    trace_id uuid not null,
    operation_id uuid,
    request_uuid uuid,
    reverts uuid,
    actor_is_service boolean not null,
    tenant_id text,
    actor_sub text not null,
    actor_client_id text,
    actor_scopes text not null,
    actor_act text,
    ip text not null,
    user_agent text,
    request_id text,
    customer_id text,
    customer_ref text,
    problem text,
    credential_fingerprint bytea,
    changes text not null,
    commitments bytea,
    encrypted_values bytea
  ) partition by range (id)`;

/** Pages are ranges of those with an id. Those without one hold equal values once, and cost a few bytes a row. */
const INDEXES = [
  'create unique index audit_record_trail on audit_record (tenant_id, id) nulls not distinct',
  'create index audit_record_operation on audit_record (operation_id)',
  'create index audit_record_customer on audit_record (tenant_id, customer_id)',
  'create index audit_record_actor on audit_record (tenant_id, actor_sub, id)',
  'create index audit_record_client on audit_record (tenant_id, actor_client_id, id)',
  'create index audit_record_credential on audit_record (tenant_id, credential_version, id)',
  // Most events have one of the values that are left out: for these the index of the trail is as good.
  `create index audit_record_action on audit_record (tenant_id, action, id) where action <> 'customer.patch'`,
  `create index audit_record_outcome on audit_record (tenant_id, outcome, id)
    where outcome not in ('pending', 'applied')`,
];

const APPEND_ONLY = [
  `create function audit_event_is_append_only() returns trigger language plpgsql as $$
    begin
      raise exception 'audit_event is append-only' using errcode = 'insufficient_privilege';
    end $$`,
  `create trigger audit_event_no_change before update or delete on audit_record
    for each row execute function audit_event_is_append_only()`,
  `create trigger audit_event_no_truncate before truncate on audit_record
    for each statement execute function audit_event_is_append_only()`,
  `create table audit_event_default partition of audit_record default with (${ROWS_IN_LINE})`,
  `create trigger audit_event_no_truncate before truncate on audit_event_default
    for each statement execute function audit_event_is_append_only()`,
];

/** The time in a UUIDv7. */
const OCCURRED_AT = `to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)`;

/** The commitment to a value of the row, by its place among them. */
const commitmentAt = (place: string): string =>
  `nullif(encode(substr(commitments, (32 * ${place} - 31)::integer, 32), 'hex'), repeat('0', 64))`;

/** The changes of an event, as in its text. */
const CHANGES = `
  select concat('[', string_agg(concat('{', concat_ws(',',
      '"after":' || after, '"after_commitment":"' || ${commitmentAt('after_at')} || '"',
      '"before":' || before, '"before_commitment":"' || ${commitmentAt('before_at')} || '"',
      '"effect":' || effect, '"field":' || field
    ), '}'), ',' order by n), ']')
  from (
    select *,
      case when after is not null then sum(shown) over (order by n) - (before is not null)::int end as after_at,
      case when before is not null then sum(shown) over (order by n) end as before_at
    from (
      select *, (after is not null)::int + (before is not null)::int as shown
      from (
        select n, (change -> 0)::text, nullif((change -> 1)::text, '0'), nullif((change -> 2)::text, '0'),
          nullif((change -> 3)::text, '0')
        from json_array_elements(changes::json) with ordinality as entry (change, n)
      ) as stored (n, field, effect, after, before)
    ) as counted
  ) as placed`;

const text = (value: string): string => `coalesce(to_json(${value})::text, 'null')`;

/** The members of an event in the order of RFC 8785; null if it is absent. */
const MEMBERS = [
  `'"action":"' || action || '"'`,
  `'"actor":{' || concat('"act":' || actor_act || ',') || '"client_id":' || ${text('actor_client_id')} || ',"scopes":' || actor_scopes
    || ',"sub":' || ${text('actor_sub')} || ',"type":' || case when actor_is_service then '"service"}' else '"user"}' end`,
  `'"changes":' || (${CHANGES})`,
  `'"count":' || problem_count`,
  `'"credential":' || coalesce('{"fingerprint":"' || encode(credential_fingerprint, 'hex') || '","version":'
    || credential_version || '}', 'null')`,
  `'"id":"' || id || '"'`,
  `'"occurred_at":"' || to_char(${OCCURRED_AT} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '"'`,
  `'"operation_id":' || ${text('operation_id')}`,
  `'"origin":{"ip":' || ${text('ip')} || ',"user_agent":' || ${text('user_agent')} || '}'`,
  `'"outcome":"' || outcome || '"'`,
  `'"phase":"' || phase || '"'`,
  `'"problem":' || to_json(problem)`,
  `'"request_id":' || ${text('coalesce(request_id, request_uuid::text)')}`,
  `'"reverts":"' || reverts || '"'`,
  `'"status":' || ${text('status')}`,
  `'"target":' || case when coalesce(customer_ref, customer_id) is null then 'null' else '{"customer_id":' || ${text('customer_id')}
    || ',"ref":' || ${text('coalesce(customer_ref, customer_id)')} || '}' end`,
  `'"tenant_id":' || ${text('tenant_id')}`,
  `'"trace_id":"' || replace(trace_id::text, '-', '') || '"'`,
  `'"upstream":' || coalesce('{"attempts":' || upstream_attempts || ',"duration_ms":' || upstream_duration_ms
    || ',"status":' || ${text('upstream_status')} || '}', 'null')`,
];

/** For auditors with an account that may only read. `event` is the leaf of the event in its log. */
const VIEW = `
  create view audit_event as
  select id, operation_id, tenant_id, ${OCCURRED_AT} as occurred_at, stored_at, action, phase, outcome,
    actor_sub, actor_client_id, coalesce(customer_ref, customer_id) as customer_ref, customer_id,
    array(select change ->> 0 from json_array_elements(changes::json) as change) as fields,
    status, credential_version,
    concat('{', concat_ws(',', ${MEMBERS.join(',\n      ')}), '}') as event
  from audit_record`;
