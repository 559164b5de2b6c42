import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Config } from '../config/config.js';
import { AppKeys } from '../crypto/app-keys.js';
import { KeyRing } from '../crypto/key-ring.js';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import { CHANNELS } from '../database/notifications.js';
import { Clock } from '../runtime/clock.js';
import { TenantChange } from './tenant-change.js';
import { TENANT_COLUMNS, type TenantRow, TOKEN_COLUMNS, type TokenRow } from './tenant-rows.js';

/** Tenants and the versions of their tokens, in the database. Every change notifies all instances. */
@Injectable()
export class TenantStore {
  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly appKeys: AppKeys,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs the changes of one tenant in one transaction. Events that `work` appends through the transaction are part of
   * it.
   */
  change<Result>(tenantId: string, work: (change: TenantChange) => Promise<Result>): Promise<Result> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${tenantId}, 0))`.execute(transaction);
      const change = new TenantChange(
        tenantId,
        transaction,
        this.ring,
        this.appKeys,
        this.config.billing,
        this.clock,
      );
      const result = await work(change);
      await sql`select pg_notify(${CHANNELS.tenantChanged}, ${tenantId})`.execute(transaction);
      return result;
    });
  }

  /** The tenant and its current token, in one statement: a token must never be used with another address. */
  async find(tenantId: string): Promise<{ tenant: TenantRow; token: TokenRow | undefined } | undefined> {
    const rows = await this.database.kysely
      .selectFrom('tenant')
      .leftJoin('tenant_token as token', (join) =>
        join.onRef('token.tenant_id', '=', 'tenant.id').on('token.retired_at', 'is', null),
      )
      .select(TENANT_COLUMNS.map((column) => `tenant.${column}` as const))
      .select(['token.tenant_id', 'token.version', 'token.token', 'token.kid', 'token.fingerprint'])
      .select([
        'token.created_at',
        'token.last_used_at',
        'token.retired_at',
        'token.rejected_at',
        'token.probed_at',
      ])
      .where('tenant.id', '=', tenantId)
      .orderBy('token.version', 'desc')
      .limit(1)
      .execute();
    const [row] = rows;
    if (row === undefined) return undefined;
    const { tenant_id, version, token, kid, fingerprint, created_at, ...rest } = row;
    const { last_used_at, retired_at, rejected_at, probed_at, ...tenant } = rest;
    const present = tenant_id !== null && version !== null && token !== null && created_at !== null;
    if (!present || kid === null || fingerprint === null) return { tenant, token: undefined };
    const times = { created_at, last_used_at, retired_at, rejected_at, probed_at };
    return { tenant, token: { tenant_id, version, token, kid, fingerprint, ...times } };
  }

  list(): Promise<TenantRow[]> {
    return this.database.kysely.selectFrom('tenant').select(TENANT_COLUMNS).orderBy('id').execute();
  }

  /** The ids of active tenants whose current token the billing API rejected. */
  async withRejectedToken(): Promise<string[]> {
    const { rows } = await sql<{ tenant_id: string }>`
      select tenant_id from tenant_token as token
      where rejected_at is not null and retired_at is null
        and exists (select from tenant where id = token.tenant_id and status = 'active')
        and not exists (select from tenant_token as newer where newer.tenant_id = token.tenant_id
          and newer.version > token.version and newer.retired_at is null)`.execute(this.database.kysely);
    return rows.map(({ tenant_id: tenantId }) => tenantId);
  }

  /** Newest first. */
  versions(tenantId: string): Promise<TokenRow[]> {
    const query = this.database.kysely
      .selectFrom('tenant_token')
      .select(TOKEN_COLUMNS)
      .where('tenant_id', '=', tenantId);
    return query.orderBy('version', 'desc').execute();
  }

  /**
   * Claims the one try a minute of a rejected version. Only one instance succeeds. In a transaction: a server that stood
   * still carries out no more than its begin if the claim was given up.
   * @param every milliseconds
   */
  async takeProbe(tenantId: string, version: number, every: number): Promise<boolean> {
    const rows = await this.database.kysely.transaction().execute((transaction) =>
      transaction
        .updateTable('tenant_token')
        .set({ probed_at: NOW })
        .where('tenant_id', '=', tenantId)
        .where('version', '=', version)
        .where((where) =>
          where.or([where('probed_at', 'is', null), where('probed_at', '<=', fromNow(-every))]),
        )
        .returning('version')
        .execute(),
    );
    return rows.length > 0;
  }

  /** Records that a version was used, without a notification. */
  async touch(tenantId: string, version: number): Promise<void> {
    await this.database.kysely
      .updateTable('tenant_token')
      .set({ last_used_at: new Date(this.clock.now()) })
      .where('tenant_id', '=', tenantId)
      .where('version', '=', version)
      .execute();
  }
}
