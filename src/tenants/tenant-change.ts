import { sql, type Transaction } from 'kysely';
import type { BillingConfig } from '../config/config.js';
import type { AppKeys } from '../crypto/app-keys.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { NOW } from '../database/database-time.js';
import type { Schema } from '../database/schema.js';
import type { Clock } from '../runtime/clock.js';
import type { BillingToken } from './billing-token.js';
import type { TenantRow, TokenRow } from './tenant-rows.js';

/** An operator's settings of a tenant; undefined keeps a value, null sets the default. */
export interface TenantSettings {
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly billingApiUrl: string | null;
  readonly invoicingEntities: readonly string[] | null;
}

export interface PutTenant {
  readonly before: TenantRow | undefined;
  readonly after: TenantRow;
  /** Number of tokens that were retired because the origin changed. */
  readonly retired: number;
}

/** The changes of one tenant in one transaction, one at a time. */
export class TenantChange {
  constructor(
    private readonly tenantId: string,
    readonly transaction: Transaction<Schema>,
    private readonly ring: KeyRing,
    private readonly appKeys: AppKeys,
    private readonly billing: BillingConfig,
    private readonly clock: Clock,
  ) {}

  find(): Promise<TenantRow | undefined> {
    return this.transaction
      .selectFrom('tenant')
      .selectAll()
      .where('id', '=', this.tenantId)
      .executeTakeFirst();
  }

  /**
   * Creates or replaces the tenant. If its origin changes, its tokens are retired, because they belong to the old
   * origin.
   */
  async put(settings: TenantSettings, source: 'file' | 'api', fileEntry?: string | null): Promise<PutTenant> {
    const before = await this.find();
    const values = {
      name: settings.name,
      status: settings.status,
      billing_api_url: settings.billingApiUrl,
      invoicing_entities: settings.invoicingEntities === null ? null : [...settings.invoicingEntities],
      ...(fileEntry === undefined ? {} : { file_entry: fileEntry }),
    };
    const after = await this.transaction
      .insertInto('tenant')
      .values({ id: this.tenantId, source, file_entry: fileEntry ?? null, ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .returningAll()
      .executeTakeFirstOrThrow();
    const moved = before !== undefined && this.originOf(before) !== this.originOf(after);
    return { before, after, retired: moved ? await this.retireAll() : 0 };
  }

  /**
   * For a tenant that is no longer in the file: suspends it if the file created it, and removes its link to the file.
   */
  async leaveFile(): Promise<void> {
    await this.transaction
      .updateTable('tenant')
      .set((column) => ({
        file_entry: null,
        status: column
          .case()
          .when('source', '=', 'file')
          .then(sql.lit<'suspended'>('suspended'))
          .else(column.ref('status'))
          .end(),
      }))
      .where('id', '=', this.tenantId)
      .execute();
  }

  versions(): Promise<TokenRow[]> {
    const query = this.transaction
      .selectFrom('tenant_token')
      .selectAll()
      .where('tenant_id', '=', this.tenantId);
    return query.orderBy('version', 'desc').execute();
  }

  fingerprintOf(token: BillingToken): string {
    return this.appKeys.hmac('token-fingerprint', `${this.tenantId}\n${token.reveal()}`).slice(0, 32);
  }

  /** Adds the token as the highest version, which is the current one. */
  async addToken(token: BillingToken): Promise<TokenRow> {
    const [newest] = await this.versions();
    const version = (newest?.version ?? 0) + 1;
    const { jwe, kid } = await this.ring.encrypt(
      Buffer.from(token.reveal()),
      tokenContext(this.tenantId, version),
    );
    return this.transaction
      .insertInto('tenant_token')
      .values({
        tenant_id: this.tenantId,
        version,
        token: jwe,
        kid,
        fingerprint: this.fingerprintOf(token),
        created_at: new Date(this.clock.now()),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Undefined if there is no such version. A version that is already retired stays unchanged: `now` is false. */
  async retire(version: number): Promise<{ readonly row: TokenRow; readonly now: boolean } | undefined> {
    const retired = await this.transaction
      .updateTable('tenant_token')
      .set({ retired_at: new Date(this.clock.now()) })
      .where('tenant_id', '=', this.tenantId)
      .where('version', '=', version)
      .where('retired_at', 'is', null)
      .returning('version')
      .execute();
    const row = (await this.versions()).find((one) => one.version === version);
    return row === undefined ? undefined : { row, now: retired.length > 0 };
  }

  /** Sets or clears the mark that the billing API answered 401. Returns whether that changed anything. */
  async markRejected(version: number, rejected: boolean): Promise<boolean> {
    const rows = await this.transaction
      .updateTable('tenant_token')
      .set(
        rejected
          ? { rejected_at: new Date(this.clock.now()), probed_at: NOW }
          : { rejected_at: null, probed_at: null },
      )
      .where('tenant_id', '=', this.tenantId)
      .where('version', '=', version)
      .where('rejected_at', rejected ? 'is' : 'is not', null)
      .returning('version')
      .execute();
    return rows.length > 0;
  }

  private async retireAll(): Promise<number> {
    const rows = await this.transaction
      .updateTable('tenant_token')
      .set({ retired_at: new Date(this.clock.now()) })
      .where('tenant_id', '=', this.tenantId)
      .where('retired_at', 'is', null)
      .returning('version')
      .execute();
    return rows.length;
  }

  private originOf({ billing_api_url }: TenantRow): string {
    return new URL(billing_api_url ?? this.billing.url).origin;
  }
}

/** The context of a stored token: it can be decrypted only in its own row. */
export function tokenContext(tenantId: string, version: number): string {
  return `token ${tenantId} ${version}`;
}
