import type { ColumnType } from 'kysely';

/** The tables, as Kysely sees them. */
export interface Schema {
  audit_event: AuditEventTable;
}

/** Append-only. The columns are for filters and auditors' SQL; `event` is the whole event. */
export interface AuditEventTable {
  /** UUIDv7: the order of the trail. */
  id: string;
  operation_id: string | null;
  /** Null when no tenant that is known here is concerned. */
  tenant_id: string | null;
  occurred_at: ColumnType<Date, Date, never>;
  action: string;
  phase: string;
  outcome: string;
  actor_sub: string;
  actor_client_id: string | null;
  customer_ref: string | null;
  customer_id: string | null;
  /** Top-level names of the fields concerned. */
  fields: string[];
  /** The HTTP status answered. */
  status: number | null;
  /** RFC 8785 text. */
  event: string;
}
