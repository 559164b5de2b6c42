import type { Selectable } from 'kysely';
import { canonicalize } from '../crypto/canonical.js';
import type { AuditRecordTable } from '../database/schema.js';
import { timeOf } from './event-ids.js';

/**
 * The stored form of an event. Its text (RFC 8785) is a leaf of the log and stays what it is, but it is long: names of
 * members, hexadecimal digits, values that have a column as well. So a row has each fact once, in a column of its
 * type, and the text is made again from the row: here for the service, and in the view `audit_event` for people
 * (`database/audit-event-table.ts`). Both make the same text, byte for byte.
 *
 * A change is stored as `[field, effect, after, before]`: an absent value is 0, which no masked value is, or the list
 * ends before it. The commitments follow each other as bytes, one for each value.
 */
export type EventRow = Pick<Selectable<AuditRecordTable>, (typeof EVENT_COLUMNS)[number]>;

/** The columns that an event is made from. */
export const EVENT_COLUMNS = [
  'id',
  'operation_id',
  'tenant_id',
  'action',
  'phase',
  'outcome',
  'status',
  'problem',
  'problem_count',
  'reverts',
  'actor_is_service',
  'actor_sub',
  'actor_client_id',
  'actor_scopes',
  'actor_act',
  'ip',
  'user_agent',
  'request_uuid',
  'request_id',
  'trace_id',
  'customer_id',
  'customer_ref',
  'upstream_status',
  'upstream_attempts',
  'upstream_duration_ms',
  'credential_version',
  'credential_fingerprint',
  'changes',
  'commitments',
] as const;

/** An event, as far as its stored form is concerned. Absent members are undefined. */
export interface StorableEvent {
  readonly action: string;
  readonly actor: {
    readonly act?: readonly unknown[];
    readonly client_id: string | null;
    readonly scopes: readonly unknown[];
    readonly sub: string;
    readonly type: 'service' | 'user';
  };
  readonly changes: readonly StorableChange[];
  readonly count?: number;
  readonly credential: { readonly fingerprint: string; readonly version: number } | null;
  readonly id: string;
  readonly occurred_at: string;
  readonly operation_id: string | null;
  readonly origin: { readonly ip: string; readonly user_agent: string | null };
  readonly outcome: string;
  readonly phase: string;
  readonly problem?: string;
  readonly request_id: string;
  readonly reverts?: string;
  readonly status: number | null;
  readonly target: { readonly customer_id: string | null; readonly ref: string } | null;
  readonly tenant_id: string | null;
  readonly trace_id: string;
  readonly upstream: {
    readonly attempts: number;
    readonly duration_ms: number;
    readonly status: number | null;
  } | null;
}

interface StorableChange {
  readonly after?: unknown;
  readonly after_commitment?: string | undefined;
  readonly before?: unknown;
  readonly before_commitment?: string | undefined;
  readonly effect?: unknown;
  readonly field?: unknown;
}

/** A request's id that a UUID column gives back as it was. */
const LOWER_CASE_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const COMMITMENT_BYTES = 32;
/** Takes the place of a commitment to a value that has none. */
const NO_COMMITMENT = '0'.repeat(2 * COMMITMENT_BYTES);
const ABSENT = 0;

/** The columns of an event as members of a JSON object. Bytes are hexadecimal; absent members are null. */
export function columnsOf(event: StorableEvent): string {
  const { actor, changes, credential, origin, request_id, target, upstream } = event;
  const isUuid = LOWER_CASE_UUID.test(request_id);
  const commitments = commitmentsOf(changes);
  const columns = JSON.stringify({
    id: event.id,
    operation_id: event.operation_id,
    tenant_id: event.tenant_id,
    action: event.action,
    phase: event.phase,
    outcome: event.outcome,
    status: event.status,
    problem: event.problem,
    problem_count: event.count,
    reverts: event.reverts,
    actor_is_service: actor.type === 'service',
    actor_sub: actor.sub,
    actor_client_id: actor.client_id,
    ip: origin.ip,
    user_agent: origin.user_agent,
    request_uuid: isUuid ? request_id : undefined,
    request_id: isUuid ? undefined : request_id,
    trace_id: event.trace_id,
    customer_id: target?.customer_id,
    customer_ref: target?.ref === target?.customer_id ? undefined : target?.ref,
    upstream_status: upstream?.status,
    upstream_attempts: upstream?.attempts,
    upstream_duration_ms: upstream?.duration_ms,
    credential_version: credential?.version,
    credential_fingerprint: credential?.fingerprint,
    commitments: commitments === '' ? undefined : commitments,
  });
  // PostgreSQL stores JSON within JSON as it is written here, if the column is text.
  const act = actor.act === undefined ? '' : `,"actor_act":${canonicalize(actor.act) ?? '[]'}`;
  const scopes = `,"actor_scopes":${JSON.stringify(actor.scopes)}`;
  return `${columns.slice(0, -1)}${scopes}${act},"changes":${changesText(changes)}`;
}

/**
 * The event of a row. Its members are in canonical order. Of a row that the service did not write, what can't be read is
 * left out: then it is not the event that is in the log, which a verifier finds.
 */
export function eventOf(row: EventRow): StorableEvent {
  const act = row.actor_act === null ? {} : { act: listIn(row.actor_act) };
  const ref = row.customer_ref ?? row.customer_id;
  return {
    action: row.action,
    actor: {
      ...act,
      client_id: row.actor_client_id,
      scopes: listIn(row.actor_scopes),
      sub: row.actor_sub,
      type: row.actor_is_service ? 'service' : 'user',
    },
    changes: changesOf(row),
    ...(row.problem_count === null ? {} : { count: row.problem_count }),
    credential:
      row.credential_version === null || row.credential_fingerprint === null
        ? null
        : { fingerprint: row.credential_fingerprint.toString('hex'), version: row.credential_version },
    id: row.id,
    occurred_at: new Date(timeOf(row.id)).toISOString(),
    operation_id: row.operation_id,
    origin: { ip: row.ip, user_agent: row.user_agent },
    outcome: row.outcome,
    phase: row.phase,
    ...(row.problem === null ? {} : { problem: row.problem }),
    request_id: row.request_id ?? row.request_uuid ?? '',
    ...(row.reverts === null ? {} : { reverts: row.reverts }),
    status: row.status,
    target: ref === null ? null : { customer_id: row.customer_id, ref },
    tenant_id: row.tenant_id,
    trace_id: row.trace_id.replaceAll('-', ''),
    upstream:
      row.upstream_attempts === null || row.upstream_duration_ms === null
        ? null
        : {
            attempts: row.upstream_attempts,
            duration_ms: row.upstream_duration_ms,
            status: row.upstream_status,
          },
  };
}

/** The RFC 8785 text of an event, a leaf of its log. */
export function textOf(event: StorableEvent): string {
  const text = canonicalize(event);
  if (text === undefined) throw new TypeError('an audit event has no canonical form');
  return text;
}

/** Whether the service would store the event of the row like this. */
export function isInItsForm(row: EventRow, { actor, changes }: StorableEvent): boolean {
  return (
    row.changes === changesText(changes) &&
    (row.commitments?.toString('hex') ?? '') === commitmentsOf(changes) &&
    row.actor_scopes === JSON.stringify(actor.scopes) &&
    row.actor_act === (actor.act === undefined ? null : canonicalize(actor.act))
  );
}

function changesText(changes: readonly StorableChange[]): string {
  const entries = changes.map(({ field, effect = ABSENT, after = ABSENT, before = ABSENT }) => {
    const entry = [field, effect, after, before];
    while (entry.at(-1) === ABSENT) entry.pop();
    return entry;
  });
  return canonicalize(entries) ?? '[]';
}

/** Hexadecimal; empty if there is none. */
function commitmentsOf(changes: readonly StorableChange[]): string {
  let text = '';
  let some = false;
  for (const { after, after_commitment, before, before_commitment } of changes) {
    some ||= after_commitment !== undefined || before_commitment !== undefined;
    if (after !== undefined) text += after_commitment ?? NO_COMMITMENT;
    if (before !== undefined) text += before_commitment ?? NO_COMMITMENT;
  }
  return some ? text : '';
}

/** Plain assignments, because there are many changes: spreading objects takes several times as long. */
function changesOf({ changes, commitments }: EventRow): StorableChange[] {
  const bytes = commitments?.toString('hex') ?? '';
  let at = 0;
  const commitment = (): string | undefined => {
    const text = bytes.slice(at, (at += NO_COMMITMENT.length));
    return text === '' || text === NO_COMMITMENT ? undefined : text;
  };
  return listIn(changes).map((entry) => {
    const [field, effect = ABSENT, after = ABSENT, before = ABSENT] = asList(entry);
    const change: { -readonly [Member in keyof StorableChange]: StorableChange[Member] } = {};
    if (after !== ABSENT) {
      change.after = after;
      const committed = commitment();
      if (committed !== undefined) change.after_commitment = committed;
    }
    if (before !== ABSENT) {
      change.before = before;
      const committed = commitment();
      if (committed !== undefined) change.before_commitment = committed;
    }
    if (effect !== ABSENT) change.effect = effect;
    change.field = field;
    return change;
  });
}

function listIn(text: string): readonly unknown[] {
  try {
    return asList(JSON.parse(text));
  } catch {
    return [];
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
