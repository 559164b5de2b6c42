import { Injectable } from '@nestjs/common';
import type { AuditEvent, Change } from '../audit/audit-event.js';
import type { AdminRequest } from '../audit/audit-records.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { maskText } from '../audit/masks.js';
import { Config } from '../config/config.js';
import { Problem, pointerTo, validationFailed } from '../http/problem.js';
import { billingApiUrl } from '../tenants/billing-api-url.js';
import { BillingToken } from '../tenants/billing-token.js';
import type { TenantRow, TokenRow } from '../tenants/tenant-rows.js';
import type { TenantChange } from '../tenants/tenant-change.js';
import { TenantStore } from '../tenants/tenant-store.js';
import { TenantCache } from '../tenants/tenant-cache.js';
import type { PutTenantDto } from './put-tenant.dto.js';
import type { PutTokenDto } from './put-token.dto.js';
import type { TenantView, TokenVersion } from './tenant-admin.schema.js';

/** The operators' actions on tenants. Each change and its audit event are stored together or not at all. */
@Injectable()
export class TenantAdminService {
  constructor(
    private readonly store: TenantStore,
    private readonly cache: TenantCache,
    private readonly trail: AuditTrail,
    private readonly config: Config,
  ) {}

  async list(): Promise<TenantView[]> {
    return (await this.store.list().catch(databaseAway)).map(viewOf);
  }

  /** @throws Problem not-found */
  async get(id: string): Promise<TenantView> {
    const found = await this.store.find(id).catch(databaseAway);
    if (found === undefined) throw noSuchTenant();
    return viewOf(found.tenant);
  }

  /** @throws Problem validation-failed */
  async put(
    request: AdminRequest,
    id: string,
    body: PutTenantDto,
  ): Promise<{ created: boolean; view: TenantView }> {
    const settings = {
      name: body.name,
      status: body.status ?? ('active' as const),
      billingApiUrl: this.checkedUrl(body.billing_api_url),
      invoicingEntities: body.invoicing_entities ?? null,
    };
    return this.change(id, async (change) => {
      const { before, after } = await change.put(settings, 'api');
      const changes = tenantChanges(before, after);
      const status = before === undefined ? 201 : 200;
      await this.trail.recordAdminAction(change.transaction, request, {
        action: 'tenant.changed',
        tenantId: id,
        status,
        changes,
      });
      return { created: before === undefined, view: viewOf(after) };
    });
  }

  /**
   * Adds a token as a new version. If the current token is put again, it stays the current version.
   * @throws Problem not-found; validation-failed for a retired token
   */
  async putToken(request: AdminRequest, id: string, body: PutTokenDto): Promise<TokenVersion> {
    const token = BillingToken.parse(body.token);
    if (token === undefined) throw new TypeError('the DTO accepted an invalid token');
    return this.change(id, async (change) => {
      await requireTenant(change);
      const versions = await change.versions();
      const known = versions.filter(({ fingerprint }) => fingerprint === change.fingerprintOf(token));
      if (known.some(({ retired_at }) => retired_at !== null)) throw retiredToken();
      const [current] = versions.filter(({ retired_at }) => retired_at === null);
      const isCurrent = known.some(({ version }) => version === current?.version);
      const row = isCurrent && current !== undefined ? current : await change.addToken(token);
      await this.tokenEvent(change, request, 'tenant.token.added', row, 201);
      return versionOf(row);
    });
  }

  /** @throws Problem not-found */
  async versions(id: string): Promise<TokenVersion[]> {
    await this.get(id);
    return (await this.store.versions(id).catch(databaseAway)).map(versionOf);
  }

  /** @throws Problem not-found */
  async retire(request: AdminRequest, id: string, version: number): Promise<void> {
    await this.change(id, async (change) => {
      const retired = await change.retire(version);
      if (retired === undefined) throw new Problem('not-found', "The tenant's token has no such version.");
      if (retired.now) await this.tokenEvent(change, request, 'tenant.token.retired', retired.row, 204);
    });
  }

  private async change<Result>(id: string, work: (change: TenantChange) => Promise<Result>): Promise<Result> {
    try {
      return await this.store.change(id, work).catch(databaseAway);
    } finally {
      this.cache.forget(id);
    }
  }

  private tokenEvent(
    { transaction }: TenantChange,
    request: AdminRequest,
    action: AuditEvent['action'],
    { tenant_id, version, fingerprint }: TokenRow,
    status: number,
  ): Promise<void> {
    const credential = { version, fingerprint };
    return this.trail.recordAdminAction(transaction, request, {
      action,
      tenantId: tenant_id,
      status,
      changes: [],
      credential,
    });
  }

  private checkedUrl(value: string | undefined): string | null {
    if (value === undefined) return null;
    const url = billingApiUrl(value, this.config.billing);
    if (typeof url === 'string') return url;
    throw validationFailed([
      { pointer: pointerTo('billing_api_url'), code: 'not-allowed', detail: url.fault },
    ]);
  }
}

async function requireTenant(change: TenantChange): Promise<void> {
  if ((await change.find()) === undefined) throw noSuchTenant();
}

function databaseAway(error: unknown): never {
  if (error instanceof Problem) throw error;
  const detail = 'Tenants cannot be read or changed at the moment.';
  throw new Problem('audit-unavailable', detail, { retryAfterS: 5, cause: error });
}

function noSuchTenant(): Problem {
  return new Problem('not-found', 'There is no tenant with this id.');
}

function retiredToken(): Problem {
  const detail = 'was retired, and a retired token cannot be used again: put a new one';
  return validationFailed([{ pointer: pointerTo('token'), code: 'retired', detail }]);
}

function viewOf({ id, name, status, billing_api_url, invoicing_entities }: TenantRow): TenantView {
  return { id, name, status, billing_api_url, invoicing_entities };
}

function versionOf(row: TokenRow): TokenVersion {
  return {
    version: row.version,
    fingerprint: row.fingerprint,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at?.toISOString() ?? null,
    retired_at: row.retired_at?.toISOString() ?? null,
    rejected_at: row.rejected_at?.toISOString() ?? null,
  };
}

/** The changed fields, before and after: codes and addresses in clear, the name masked. */
function tenantChanges(before: TenantRow | undefined, after: TenantRow): Change[] {
  const fields = [
    { field: 'name', show: ({ name }: TenantRow) => maskText(name), value: ({ name }: TenantRow) => name },
    ...(['status', 'billing_api_url', 'invoicing_entities'] as const).map((field) => ({
      field,
      show: (row: TenantRow) => row[field],
      value: (row: TenantRow) => JSON.stringify(row[field]),
    })),
  ];
  return fields
    .filter(({ value }) => before === undefined || value(before) !== value(after))
    .map(({ field, show }) => ({
      field,
      before: before === undefined ? null : show(before),
      after: show(after),
      effect: 'applied',
    }));
}
