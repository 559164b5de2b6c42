import { Injectable } from '@nestjs/common';
import type { Transaction } from 'kysely';
import { AppKeys } from '../crypto/app-keys.js';
import { Database } from '../database/database.js';
import type { CustomerAliasTable, Schema } from '../database/schema.js';
import type { Target } from './audit-event.js';
import { CUSTOMER_ID } from './customer-id.js';
import { maskRef } from './masks.js';

/** Bytes of an alias's keyed hash. */
const HASH = 16;

/**
 * Which customers had an alias when their patches and previews were recorded. The trail itself has aliases masked only.
 * They are kept as keyed hashes, and erased with the customer's personal data.
 */
@Injectable()
export class CustomerAliases {
  constructor(
    private readonly keys: AppKeys,
    private readonly database: Database,
  ) {}

  /** What is stored with an event of this customer. */
  rowsOf(
    tenantId: string | null,
    aliases: readonly string[],
    customerId: string | null,
  ): CustomerAliasTable[] {
    if (tenantId === null || customerId === null) return [];
    return aliases.map((alias) => ({
      tenant_id: tenantId,
      alias: this.hashOf(tenantId, alias),
      customer_id: customerId,
    }));
  }

  /** Ids of the customers that `ref` names: itself if it is an id; all that had it, if it is an alias. */
  async customersOf(tenantId: string, ref: string): Promise<string[]> {
    if (CUSTOMER_ID.test(ref)) return [ref];
    const rows = await this.database.readers
      .selectFrom('customer_alias')
      .select('customer_id')
      .where('tenant_id', '=', tenantId)
      .where('alias', '=', this.hashOf(tenantId, ref))
      .orderBy('customer_id')
      .execute();
    return rows.map(({ customer_id }) => customer_id);
  }

  async forget(transaction: Transaction<Schema>, tenantId: string, customerId: string): Promise<void> {
    await transaction
      .deleteFrom('customer_alias')
      .where('tenant_id', '=', tenantId)
      .where('customer_id', '=', customerId)
      .execute();
  }

  private hashOf(tenantId: string, alias: string): string {
    return this.keys.shortHmac('customer-alias', JSON.stringify([tenantId, alias]), HASH);
  }
}

/** How an event names a customer: a reference that looks like an id is an id (U8). */
export function targetOf(ref: string): Target {
  return { ref: maskRef(ref), customer_id: CUSTOMER_ID.test(ref) ? ref : null };
}

/** Those of the references that are aliases, each once. */
export function aliasesIn(refs: readonly (string | null | undefined)[]): string[] {
  const aliases = refs.filter((ref) => typeof ref === 'string').filter((ref) => !CUSTOMER_ID.test(ref));
  return [...new Set(aliases)];
}
