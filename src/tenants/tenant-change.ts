import type { Transaction } from 'kysely';
import type { BillingConfig } from '../config/config.js';
import type { AppKeys } from '../crypto/app-keys.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { NOW } from '../database/database-time.js';
import type { Schema } from '../database/schema.js';
import type { Clock } from '../runtime/clock.js';
import type { BillingToken } from './billing-token.js';
import { TENANT_COLUMNS, type TenantRow, TOKEN_COLUMNS, type TokenRow } from './tenant-rows.js';

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
  /** Tokens that were retired because the origin changed. */
  readonly retired: readonly TokenRow[];
}

/** The tenants' file that a change is from. Both are keyed hashes. */
export interface FromFile {
  readonly entry: string;
  readonly file: string;
}

/** Entries of the file that are remembered for each tenant, to tell an old file from a new one. */
const EARLIER_ENTRIES = 20;

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
      .select(TENANT_COLUMNS)
      .where('id', '=', this.tenantId)
      .executeTakeFirst();
  }

  /**
   * Creates or replaces the tenant. If its origin changes, its tokens are retired, because they belong to the old
   * origin.
   */
  async put(settings: TenantSettings, from?: FromFile): Promise<PutTenant> {
    const before = await this.find();
    const values = {
      name: settings.name,
      status: settings.status,
      billing_api_url: settings.billingApiUrl,
      invoicing_entities: settings.invoicingEntities === null ? null : [...settings.invoicingEntities],
      ...(from === undefined
        ? {}
        : { file_entry: from.entry, file: from.file, earlier_file_entries: earlierEntries(before) }),
    };
    const after = await this.transaction
      .insertInto('tenant')
      .values({ id: this.tenantId, source: from === undefined ? 'api' : 'file', ...values })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .returning(TENANT_COLUMNS)
      .executeTakeFirstOrThrow();
    const moved = before !== undefined && this.originOf(before) !== this.originOf(after);
    return { before, after, retired: moved ? await this.retireAll() : [] };
  }

  /** Whether another address would retire a token: the address has another origin, and a token is not retired. */
  async wouldRetireTokens(billingApiUrl: string | null): Promise<boolean> {
    const before = await this.find();
    if (before === undefined || this.originOf(before) === this.originOf({ billing_api_url: billingApiUrl }))
      return false;
    return (await this.versions()).some(({ retired_at }) => retired_at === null);
  }

  /**
   * For a tenant that is no longer in the file: suspends it if the file created it, and removes its link to the file.
   */
  async leaveFile(file: string): Promise<Omit<PutTenant, 'retired'> | undefined> {
    const before = await this.find();
    if (before === undefined) return undefined;
    const left = { file_entry: null, file, earlier_file_entries: earlierEntries(before) };
    const after = await this.transaction
      .updateTable('tenant')
      .set({ ...left, ...(before.source === 'file' ? { status: 'suspended' } : {}) })
      .where('id', '=', this.tenantId)
      .returning(TENANT_COLUMNS)
      .executeTakeFirstOrThrow();
    return { before, after };
  }

  versions(): Promise<TokenRow[]> {
    const query = this.transaction
      .selectFrom('tenant_token')
      .select(TOKEN_COLUMNS)
      .where('tenant_id', '=', this.tenantId);
    return query.orderBy('version', 'desc').execute();
  }

  /**
   * Makes the token the current one: as a new version, unless it is the current version already. Undefined if it was
   * retired: a retired token is never used again.
   */
  async putToken(
    token: BillingToken,
  ): Promise<{ readonly row: TokenRow; readonly added: boolean } | undefined> {
    const versions = await this.versions();
    const fingerprint = tokenFingerprint(this.appKeys, this.tenantId, token);
    if (versions.some((row) => row.fingerprint === fingerprint && row.retired_at !== null)) return undefined;
    const current = versions.find(({ retired_at }) => retired_at === null);
    if (current?.fingerprint === fingerprint) return { row: current, added: false };
    return { row: await this.addToken(token, (versions[0]?.version ?? 0) + 1), added: true };
  }

  /** Adds the token as the highest version, which is the current one. */
  private async addToken(token: BillingToken, version: number): Promise<TokenRow> {
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
        fingerprint: tokenFingerprint(this.appKeys, this.tenantId, token),
        created_at: new Date(this.clock.now()),
      })
      .returning(TOKEN_COLUMNS)
      .executeTakeFirstOrThrow();
  }

  /**
   * Retires a version, and every other version with the same value. Returns those that were not retired before;
   * undefined if there is no such version.
   */
  async retire(version: number): Promise<readonly TokenRow[] | undefined> {
    const row = (await this.versions()).find((one) => one.version === version);
    return row === undefined ? undefined : this.retireAll(row.fingerprint);
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

  /** @param fingerprint only tokens with it */
  private async retireAll(fingerprint?: string): Promise<readonly TokenRow[]> {
    let query = this.transaction
      .updateTable('tenant_token')
      .set({ retired_at: new Date(this.clock.now()) })
      .where('tenant_id', '=', this.tenantId)
      .where('retired_at', 'is', null);
    if (fingerprint !== undefined) query = query.where('fingerprint', '=', fingerprint);
    const rows = await query.returning(TOKEN_COLUMNS).execute();
    return rows.sort((one, other) => one.version - other.version);
  }

  private originOf({ billing_api_url }: Pick<TenantRow, 'billing_api_url'>): string {
    return new URL(billing_api_url ?? this.billing.url).origin;
  }
}

/** Identifies a token without revealing it. */
export function tokenFingerprint(appKeys: AppKeys, tenantId: string, token: BillingToken): string {
  return appKeys.hmac('token-fingerprint', `${tenantId}\n${token.reveal()}`).slice(0, 32);
}

function earlierEntries(before: TenantRow | undefined): string[] {
  const entry = before?.file_entry ?? null;
  return [...(before?.earlier_file_entries ?? []), ...(entry === null ? [] : [entry])].slice(
    -EARLIER_ENTRIES,
  );
}

/** The context of a stored token: it can be decrypted only in its own row. */
export function tokenContext(tenantId: string, version: number): string {
  return `token ${tenantId} ${version}`;
}
