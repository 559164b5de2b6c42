import type { Selectable } from 'kysely';
import type { TenantTable, TenantTokenTable } from '../database/schema.js';

export type TenantRow = Selectable<TenantTable>;
export type TokenRow = Selectable<TenantTokenTable>;

/** All columns that this version knows. The table may have more, and gets them while the service runs. */
export const TENANT_COLUMNS = [
  ...(['id', 'name', 'status', 'billing_api_url', 'invoicing_entities'] as const),
  ...(['source', 'file_entry', 'earlier_file_entries', 'file'] as const),
] as const satisfies readonly (keyof TenantTable)[];
export const TOKEN_COLUMNS = [
  ...(['tenant_id', 'version', 'token', 'kid', 'fingerprint'] as const),
  ...(['created_at', 'last_used_at', 'retired_at', 'rejected_at', 'probed_at'] as const),
] as const satisfies readonly (keyof TenantTokenTable)[];
