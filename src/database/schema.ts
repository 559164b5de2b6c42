import type { ColumnType } from 'kysely';

/** The tables, as Kysely sees them. */
export interface Schema {
  app_key: AppKeyTable;
  audit_event: AuditEventTable;
  audit_key: AuditKeyTable;
  audit_leaf: AuditLeafTable;
  audit_log: AuditLogTable;
  audit_node: AuditNodeTable;
  audit_pending: AuditPendingTable;
  audit_seal: AuditSealTable;
  customer_key: CustomerKeyTable;
  customer_lease: CustomerLeaseTable;
  idempotency_key: IdempotencyKeyTable;
  lease: LeaseTable;
  operation: OperationTable;
  tenant: TenantTable;
  tenant_token: TenantTokenTable;
}

/** Append-only. The columns are for filters and auditors' SQL; `event` is the whole event. */
export interface AuditEventTable {
  /** UUIDv7: the order of the trail. */
  id: string;
  operation_id: string | null;
  /** Null when no tenant that is known here is concerned. */
  tenant_id: string | null;
  /** By the clock of the instance that made it. */
  occurred_at: ColumnType<Date, Date, never>;
  /** By the database's clock, which all instances share: tells what came first where two of them made it. */
  stored_at: ColumnType<Date, 'now', never>;
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
  /** The version of the tenant's token that was used. */
  credential_version: number | null;
  /** RFC 8785 text. */
  event: string;
  /** Clear values and salts of its changes, as a compact JWE under the customer's key. */
  encrypted_values: string | null;
}

/** Events that no seal covers yet. */
export interface AuditPendingTable {
  event_id: string;
  log: string;
}

/** The leaves of the Merkle logs. They stay when retention drops their events. */
export interface AuditLeafTable {
  /** A tenant's id, or `_platform`. */
  log: string;
  leaf_index: number;
  event_id: string;
  leaf_hash: string;
  /** The first seal that covers it. */
  seal: number;
}

/** Perfect subtrees of the logs, of every fourth level. */
export interface AuditNodeTable {
  log: string;
  level: number;
  position: number;
  hash: string;
}

/** What a log needs to grow. */
export interface AuditLogTable {
  log: string;
  tree_size: number;
  /** Roots of its perfect subtrees, from the left. */
  frontier: string[];
  /** Number of the last seal. */
  seal: number;
  last_jws: string;
}

export interface AuditSealTable {
  log: string;
  /** Number of the seal: from 1, without gaps. */
  seal: number;
  tree_size: number;
  root: string;
  /** SHA-256 of the previous seal's JWS. */
  previous: string | null;
  sealed_at: Date;
  jws: string;
}

/** Public signing keys, and the current private one until the next is signed by it. */
export interface AuditKeyTable {
  kid: string;
  /** Public key, base64url. */
  x: string;
  /** Private key as a compact JWE; null once another key has taken over. */
  wrapped: string | null;
  /** The encryption key that unwraps it. */
  wrapped_kid: string | null;
  /** JWS of the key before over this public key; null for the first. */
  endorsement: string | null;
  created_at: ColumnType<Date, Date, never>;
}

/** Who does what only one instance may do at a time. */
export interface LeaseTable {
  name: string;
  holder: string;
  held_until: Date;
}

/** The service's own keys, wrapped by ENCRYPTION_KEYS. */
export interface AppKeyTable {
  purpose: string;
  /** Compact JWE. */
  wrapped: string;
  /** The encryption key that unwraps it. */
  kid: string;
  created_at: ColumnType<Date, Date, never>;
}

export interface TenantTable {
  id: string;
  name: string;
  status: 'active' | 'suspended';
  /** Null: the one of BILLING_API_URL. */
  billing_api_url: string | null;
  /** Null: any invoicing entity. */
  invoicing_entities: string[] | null;
  /** Who manages it: leaving the file suspends only tenants that came from it. */
  source: 'file' | 'api';
  /** HMAC of the file's entry as it was last taken; null when it is not in the file. */
  file_entry: string | null;
}

/** Versions of tenants' tokens; the current one is the highest that is not retired. */
export interface TenantTokenTable {
  tenant_id: string;
  version: number;
  /** Compact JWE. */
  token: string;
  /** The encryption key that decrypts it. */
  kid: string;
  /** Keyed: tells tokens apart without revealing them. */
  fingerprint: string;
  created_at: ColumnType<Date, Date, never>;
  last_used_at: Date | null;
  retired_at: Date | null;
  /** When the billing API last said 401 to it, while it has not been accepted since. */
  rejected_at: Date | null;
  /** When it was last tried although rejected. */
  probed_at: Date | null;
}

/** The key of everything that is kept of a customer in clear, wrapped by ENCRYPTION_KEYS. Gone, all that is gone. */
export interface CustomerKeyTable {
  tenant_id: string;
  customer_id: string;
  /** Compact JWE. */
  wrapped: string;
  /** The encryption key that unwraps it. */
  kid: string;
  created_at: ColumnType<Date, Date, never>;
}

/** A value that only a customer's key opens, or one of its own while the customer's id is not known. */
export interface EncryptedColumns {
  customer_id: string | null;
  /** Compact JWE of the value's own key; null when the customer's key opens it. */
  own_key: string | null;
  /** Compact JWE. */
  encrypted: string;
}

/** Patches that were sent, or were about to be, and have no final outcome yet. */
export interface OperationTable extends EncryptedColumns {
  id: string;
  tenant_id: string;
  /** `sent`: its request works on it; `unknown`: its request is over. */
  state: 'sent' | 'unknown';
  /** When the reconciler may take it; whoever takes it moves it on, so this is the lease as well. */
  due_at: Date;
  /** When it became unknown. */
  unknown_since: Date | null;
}

/** Idempotency keys, hashed, with the answer they were given. */
export interface IdempotencyKeyTable extends Omit<EncryptedColumns, 'encrypted'> {
  /** HMAC of tenant, issuer, client, subject and key. */
  id: string;
  tenant_id: string;
  /** HMAC of what was asked for. */
  fingerprint: string;
  operation_id: string;
  /** Until when the request that works on it surely is over. */
  held_until: Date;
  /** The answer as a compact JWE; null while there is none. */
  encrypted: string | null;
  expires_at: Date;
}

/** Who patches a customer under `If-Match` at the moment. */
export interface CustomerLeaseTable {
  tenant_id: string;
  customer_id: string;
  /** The operation. */
  holder: string;
  held_until: Date;
}
