import type { Selectable } from 'kysely';
import type { TenantTable, TenantTokenTable } from '../database/schema.js';

export type TenantRow = Selectable<TenantTable>;
export type TokenRow = Selectable<TenantTokenTable>;
