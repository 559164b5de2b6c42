import { Injectable } from '@nestjs/common';
import type { AdminRequest } from '../audit/audit-records.js';
import { authorOf } from '../audit/provenance.js';
import { Config } from '../config/config.js';
import { type Fault, Problem, pointerTo, refuseFaults, validationFailed } from '../http/problem.js';
import { billingApiUrl } from '../tenants/billing-api-url.js';
import { BillingToken } from '../tenants/billing-token.js';
import { TenantCache } from '../tenants/tenant-cache.js';
import type { PutTenant, TenantChange, TenantSettings } from '../tenants/tenant-change.js';
import type { TenantRow, TokenRow } from '../tenants/tenant-rows.js';
import { TenantStore } from '../tenants/tenant-store.js';
import type { PatchTenantDto } from './patch-tenant.dto.js';
import type { PutTenantDto } from './put-tenant.dto.js';
import type { PutTokenDto } from './put-token.dto.js';
import type { TenantView, TokenVersion } from './tenant-admin.schema.js';
import { TenantTrail } from './tenant-trail.js';

/** The operators' actions on tenants. Each change and its audit event are stored together or not at all. */
@Injectable()
export class TenantAdminService {
  constructor(
    private readonly store: TenantStore,
    private readonly cache: TenantCache,
    private readonly trail: TenantTrail,
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

  /**
   * @param mayRetireTokens whether it may move the tenant to another origin, which retires its tokens
   * @throws Problem validation-failed, tokens-would-retire
   */
  async put(
    request: AdminRequest,
    id: string,
    body: PutTenantDto,
    mayRetireTokens: boolean,
  ): Promise<{ created: boolean; view: TenantView }> {
    const settings = {
      name: body.name,
      status: body.status ?? ('active' as const),
      billingApiUrl: this.checkedUrl(body.billing_api_url ?? null, otherId(id, body)),
      invoicingEntities: body.invoicing_entities ?? null,
    };
    return this.change(id, async (change) => {
      const { before, after } = await this.replace(change, request, settings, mayRetireTokens);
      return { created: before === undefined, view: viewOf(after) };
    });
  }

  /**
   * Changes what the body names; null clears it.
   * @param mayRetireTokens as for `put`
   * @throws Problem validation-failed, not-found, tokens-would-retire
   */
  async patch(
    request: AdminRequest,
    id: string,
    body: PatchTenantDto,
    mayRetireTokens: boolean,
  ): Promise<TenantView> {
    if (Object.keys(body).length === 0)
      throw validationFailed([{ pointer: '#', code: 'empty', detail: 'must change at least one field' }]);
    const { name, status, billing_api_url: address, invoicing_entities: entities } = body;
    const billingApiUrl = address === undefined ? undefined : this.checkedUrl(address, []);
    return this.change(id, async (change) => {
      const tenant = await requireTenant(change);
      const settings = {
        name: name ?? tenant.name,
        status: status ?? tenant.status,
        billingApiUrl: billingApiUrl === undefined ? tenant.billing_api_url : billingApiUrl,
        invoicingEntities: entities === undefined ? tenant.invoicing_entities : entities,
      };
      return viewOf((await this.replace(change, request, settings, mayRetireTokens)).after);
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
      const put = await change.putToken(token);
      if (put === undefined) throw retiredToken();
      await this.trail.token(change, authorOf(request), 201, 'tenant.token.added', put.row);
      return versionOf(put.row);
    });
  }

  /** @throws Problem not-found */
  async versions(id: string): Promise<TokenVersion[]> {
    await this.get(id);
    return (await this.store.versions(id).catch(databaseAway)).map(versionOf);
  }

  /**
   * Retires a version, and other versions with the same value.
   * @throws Problem not-found
   */
  async retire(request: AdminRequest, id: string, version: number): Promise<void> {
    await this.change(id, async (change) => {
      const retired = await change.retire(version);
      if (retired === undefined) throw new Problem('not-found', "The tenant's token has no such version.");
      for (const row of retired)
        await this.trail.token(change, authorOf(request), 204, 'tenant.token.retired', row);
    });
  }

  private async change<Result>(id: string, work: (change: TenantChange) => Promise<Result>): Promise<Result> {
    try {
      return await this.store.change(id, work).catch(notKnown);
    } finally {
      this.cache.forget(id);
    }
  }

  private async replace(
    change: TenantChange,
    request: AdminRequest,
    settings: TenantSettings,
    mayRetireTokens: boolean,
  ): Promise<PutTenant> {
    if (!mayRetireTokens && (await change.wouldRetireTokens(settings.billingApiUrl)))
      throw tokensWouldRetire();
    const put = await change.put(settings);
    const [by, status] = [authorOf(request), put.before === undefined ? 201 : 200];
    await this.trail.changed(change, by, status, put);
    for (const row of put.retired) await this.trail.token(change, by, status, 'tenant.token.retired', row);
    return put;
  }

  /** @param others the other faults of the body: all are reported at once */
  private checkedUrl(value: string | null, others: readonly Fault[]): string | null {
    const url = value === null ? null : billingApiUrl(value, this.config.billing);
    if (url !== null && typeof url !== 'string') {
      const refused = {
        pointer: pointerTo('billing_api_url'),
        code: 'not-allowed',
        detail: url.fault,
      } as const;
      throw validationFailed([refused, ...others]);
    }
    refuseFaults(others);
    return url;
  }
}

/** A body that `GET` answered names the tenant; one that names another was meant for that. */
function otherId(id: string, body: PutTenantDto): Fault[] {
  if (body.id === undefined || body.id === id) return [];
  const detail = 'must be the id in the path, or left out';
  return [{ pointer: pointerTo('id'), code: 'not-allowed', detail }];
}

async function requireTenant(change: TenantChange): Promise<TenantRow> {
  const tenant = await change.find();
  if (tenant === undefined) throw noSuchTenant();
  return tenant;
}

function databaseAway(cause: unknown): never {
  throw unavailable('Tenants cannot be read at the moment.', cause);
}

/** The answer to the commit may be lost. */
function notKnown(error: unknown): never {
  if (error instanceof Problem) throw error;
  throw unavailable('It is not known whether the tenant was changed: send the request again.', error);
}

function unavailable(detail: string, cause: unknown): Problem {
  return new Problem('audit-unavailable', detail, { retryAfterS: 5, cause });
}

function noSuchTenant(): Problem {
  return new Problem('not-found', 'There is no tenant with this id.');
}

function tokensWouldRetire(): Problem {
  const detail =
    'The change moves the tenant to another origin, which retires its tokens permanently. Send it with ' +
    '?retire_tokens=true, and put a new token afterwards. Nothing was changed.';
  return new Problem('tokens-would-retire', detail);
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
