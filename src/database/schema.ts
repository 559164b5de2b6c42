import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

/** The tables, for Kysely. */
export interface Schema {
  app_key: AppKeyTable;
  audit_event: AuditEventView;
  audit_cosignature: AuditCosignatureTable;
  audit_log: AuditLogTable;
  audit_log_key: AuditLogKeyTable;
  audit_log_key_end: AuditLogKeyEndTable;
  audit_pending: AuditPendingTable;
  audit_record: AuditRecordTable;
  audit_retention: AuditRetentionTable;
  audit_set_aside: AuditSetAsideTable;
  audit_tile: AuditTileTable;
  customer_alias: CustomerAliasTable;
  customer_key: CustomerKeyTable;
  customer_lease: CustomerLeaseTable;
  idempotency_key: IdempotencyKeyTable;
  lease: LeaseTable;
  operation: OperationTable;
  tenant: TenantTable;
  tenant_token: TenantTokenTable;
  tenants_file_reader: TenantsFileReaderTable;
}

/** The trail: one row for each event, in the form of `audit-log/stored-event.ts`. Append-only. */
export interface AuditRecordTable {
  /** By the database's clock, which all instances share: it orders events of different instances. */
  stored_at: ColumnType<Date, never, never>;
  action: string;
  phase: string;
  outcome: string;
  /** The version of the tenant's token that was used. */
  credential_version: number | null;
  /** Null in each column of the upstream if no request was tried. */
  upstream_duration_ms: number | null;
  upstream_attempts: number | null;
  problem_count: number | null;
  /** HTTP status of the answer. */
  status: number | null;
  upstream_status: number | null;
  /** UUIDv7: the time in it is that of the event, by the clock of the instance that created it. */
  id: string;
  /** 32 hex digits. */
  trace_id: string;
  operation_id: string | null;
  /** The request's id if it is a UUID; else it is in `request_id`. */
  request_uuid: string | null;
  /** The operation that was undone. */
  reverts: string | null;
  actor_is_service: boolean;
  /** Null if the event has no known tenant. */
  tenant_id: string | null;
  actor_sub: string;
  actor_client_id: string | null;
  /** JSON text. */
  actor_scopes: string;
  /** JSON text. */
  actor_act: string | null;
  ip: string;
  user_agent: string | null;
  request_id: string | null;
  customer_id: string | null;
  /** Null if it is the `customer_id`. */
  customer_ref: string | null;
  problem: string | null;
  credential_fingerprint: Buffer | null;
  /** JSON text. */
  changes: string;
  commitments: Buffer | null;
  /** Clear values and secret of the changes, encrypted with the customer's key. */
  encrypted_values: Buffer | null;
}

/** The trail for people: a view of `audit_record`. */
export interface AuditEventView {
  id: string;
  operation_id: string | null;
  tenant_id: string | null;
  occurred_at: Date;
  stored_at: Date;
  action: string;
  phase: string;
  outcome: string;
  actor_sub: string;
  actor_client_id: string | null;
  customer_ref: string | null;
  customer_id: string | null;
  /** Top-level names of the changed fields. */
  fields: string[];
  status: number | null;
  credential_version: number | null;
  /** RFC 8785 text. */
  event: string;
}

/** Events that are not in their log yet. */
export interface AuditPendingTable {
  event_id: string;
  /** A tenant's id, or `_platform`. */
  log: string;
}

/** The state of each log. Its row is locked while the log grows. */
export interface AuditLogTable {
  log: string;
  size: Generated<number>;
  /** RFC 6962 root of `size` leaves. */
  root: Generated<Buffer>;
  /** Size in the newest checkpoint; 0 if there is none. */
  checkpoint_size: Generated<number>;
  /** The newest checkpoint, a signed note. */
  checkpoint: string | null;
  checkpoint_at: Date | null;
}

/** Tiles of the logs' hashes (C2SP tlog-tiles). They stay when retention drops events. */
export interface AuditTileTable {
  log: string;
  level: number;
  n: number;
  /** Up to 256 hashes of 32 bytes. */
  hashes: Buffer;
  /** The events of the leaves; null above level 0. */
  ids: string[] | null;
  /** The least and the greatest of `ids`. */
  first_id: string | null;
  last_id: string | null;
}

/** The newest cosignature of each witness on each log. */
export interface AuditCosignatureTable {
  log: string;
  /** The witness's vkey. */
  witness: string;
  /** Size of the log that it cosigned last; 0 if it never did. */
  size: Generated<number>;
  /** The checkpoint, with the log's own signatures. */
  checkpoint: string | null;
  /** Signature lines. */
  cosignatures: string | null;
  cosigned_at: Date | null;
  tried_at: Date;
}

/** Events that may not enter their log. */
export interface AuditSetAsideTable {
  event_id: string;
  log: string;
  reason: string;
  set_aside_at: Generated<Date>;
}

/** The public keys that ever signed checkpoints. */
export interface AuditLogKeyTable {
  /** Ed25519, base64url. */
  public_key: string;
  /** Order in which they were added. */
  number: GeneratedAlways<number>;
  kid: string;
  /** HMAC of the public key: only this service adds keys. */
  mac: string;
  added_at: Generated<Date>;
  /** When it was taken out of AUDIT_SIGNING_KEYS. */
  ended_at: Date | null;
}

/** Sizes of the logs up to which an ended key is trusted. */
export interface AuditLogKeyEndTable {
  log: string;
  public_key: string;
  size: number;
}

/** One row. Only the owner of the tables writes it, so nobody else can shorten the retention. */
export interface AuditRetentionTable {
  only_row: ColumnType<true, true | undefined, never>;
  /** Null: everything is kept. */
  days: number | null;
}

/** Leases for work that only one instance may do at a time. */
export interface LeaseTable {
  name: string;
  holder: string;
  held_until: Date;
}

/** The service's own keys, encrypted with ENCRYPTION_KEYS. */
export interface AppKeyTable {
  purpose: string;
  /** Compact JWE. */
  wrapped: string;
  /** The encryption key that decrypts it. */
  kid: string;
  created_at: ColumnType<Date, Date, never>;
}

export interface TenantTable {
  id: string;
  name: string;
  status: 'active' | 'suspended';
  /** Null: BILLING_API_URL. */
  billing_api_url: string | null;
  /** Null: any invoicing entity. */
  invoicing_entities: string[] | null;
  /** The source of the tenant. A tenant that is removed from the file is suspended only if the file created it. */
  source: 'file' | 'api';
  /** HMAC of the file's entry in force; null if it is not in the file. */
  file_entry: string | null;
  /** HMACs of entries that were in force before, the latest last. */
  earlier_file_entries: Generated<string[]>;
  /** HMAC of the file that `file_entry` is from, or that no longer has the tenant; null if it was in no file. */
  file: string | null;
}

/** Instances with a TENANTS_FILE, and their files. */
export interface TenantsFileReaderTable {
  instance: string;
  /** HMAC of the file. */
  file: string;
  seen_at: Date;
}

/** Versions of tenants' tokens. The current version is the highest that is not retired. */
export interface TenantTokenTable {
  tenant_id: string;
  version: number;
  /** Compact JWE. */
  token: string;
  /** The encryption key that decrypts it. */
  kid: string;
  /** Keyed hash: identifies a token without revealing it. */
  fingerprint: string;
  created_at: ColumnType<Date, Date, never>;
  last_used_at: Date | null;
  retired_at: Date | null;
  /** When the billing API last answered 401 to it; null after it was accepted again. */
  rejected_at: Date | null;
  /** Time of the last probe of a rejected version. */
  probed_at: Date | null;
}

/**
 * The key that encrypts a customer's stored data, encrypted with ENCRYPTION_KEYS. Without the key, the data are lost.
 */
export interface CustomerKeyTable {
  tenant_id: string;
  customer_id: string;
  /** Compact JWE. */
  wrapped: string;
  /** The encryption key that decrypts it. */
  kid: string;
  created_at: ColumnType<Date, Date, never>;
}

/** Aliases that a customer had when one of its patches or previews was recorded. */
export interface CustomerAliasTable {
  tenant_id: string;
  /** Keyed hash of tenant and alias. */
  alias: string;
  customer_id: string;
}

/** A value encrypted with a customer's key, or with its own key while the customer's id is not known. */
export interface EncryptedColumns {
  customer_id: string | null;
  /** Compact JWE of the value's own key; null if the value is encrypted with the customer's key. */
  own_key: string | null;
  /** The encryption key that decrypts `own_key`; null if there is none. */
  own_kid: string | null;
  /** Nonce, ciphertext and tag. */
  encrypted: Uint8Array;
}

/** The answer of a request, as it is stored in the row of its idempotency key. */
export interface KeptAnswer extends EncryptedColumns {
  /** Id of the key's row. */
  readonly key_id: string;
  /** Nothing is stored if the key belongs to another operation by now. */
  readonly operation_id: string;
}

/** Patches that may have been sent and have no final outcome yet. */
export interface OperationTable {
  id: string;
  tenant_id: string;
  /** `sent`: its request is running; `unknown`: its request is finished. */
  state: 'sent' | 'unknown';
  /** When the reconciler may claim it. The claim moves the time forward, so this is also the lease. */
  due_at: Date;
  /** When the outcome became unknown. */
  unknown_since: Date | null;
  /** Whether a request waits for its end, which is notified then. */
  awaited: ColumnType<boolean, boolean | undefined>;
  /** As in EncryptedColumns. */
  own_key: string | null;
  own_kid: string | null;
  /** What is needed to find its outcome; null if the encrypted values of its intent have it. */
  encrypted: Uint8Array | null;
}

/** Idempotency keys, hashed, with their stored answers. */
export interface IdempotencyKeyTable extends Omit<EncryptedColumns, 'encrypted'> {
  /** HMAC of tenant, issuer, client, subject and key. */
  id: string;
  tenant_id: string;
  /** HMAC of the request. */
  fingerprint: string;
  operation_id: string;
  /** When the running request is certainly finished. */
  held_until: Date;
  /** The answer; null if there is none. */
  encrypted: Uint8Array | null;
  expires_at: Date;
}

/** Leases of customers for patches with `If-Match`. */
export interface CustomerLeaseTable {
  tenant_id: string;
  customer_id: string;
  /** The operation that has the lease. */
  holder: string;
  held_until: Date;
}
