import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { KeyRing, Undecryptable } from '../crypto/key-ring.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { BillingToken } from './billing-token.js';
import { tokenContext } from './tenant-change.js';
import type { TenantRow, TokenRow } from './tenant-rows.js';
import { TenantStore } from './tenant-store.js';
import type { Credential, Tenant } from './tenant.js';

/** Milliseconds after which a cached tenant is no longer used, even if notifications were lost. */
export const TTL = 30_000;
/** Milliseconds after which a cached tenant is refreshed in the background when it is used. */
const REFRESH_AFTER = 10_000;
/** Milliseconds that a request waits for a read from the database. */
const LOOK_UP_TIMEOUT = 3_000;
/** Tenants in the cache. When there are more, the least recently used one is removed. */
const MAX_HELD = 5_000;

interface Held {
  /** Null: the tenant does not exist. */
  readonly tenant: Tenant | null;
  readonly loadedAt: number;
}

/**
 * Cache of tenants with their current token in clear. A change removes the tenant from the cache at once, on every
 * instance. If the notification is lost, the tenant is read again within the TTL. While the database is down, cached
 * tenants are used until their TTL ends, and no longer.
 */
@Injectable()
export class TenantCache {
  private readonly held = new Map<string, Held>();
  private readonly loading = new Map<string, Promise<Tenant | null>>();
  private generation = 0;

  constructor(
    @Inject(TenantStore) private readonly store: Pick<TenantStore, 'find'>,
    private readonly ring: KeyRing,
    private readonly config: Config,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws Problem audit-unavailable if it is not cached and the database is down */
  async find(id: string): Promise<Tenant | null> {
    const known = this.known(id);
    return known === undefined ? this.load(id) : known;
  }

  /** The cached tenant, without a wait: null if there is no such tenant, undefined if it is not cached. */
  known(id: string): Tenant | null | undefined {
    const held = this.held.get(id);
    if (held === undefined) return undefined;
    const age = this.ageOf(held);
    if (age >= TTL) return undefined;
    if (age >= REFRESH_AFTER) void this.load(id).catch(() => undefined);
    return held.tenant;
  }

  /** Reads the tenant from the database now. */
  reload(id: string): Promise<Tenant | null> {
    this.forget(id);
    return this.load(id);
  }

  /** Removes a changed tenant from the cache. The result of a read in progress is discarded. */
  forget(id: string): void {
    this.generation += 1;
    this.held.delete(id);
    this.loading.delete(id);
  }

  /** Clears the cache, because notifications may have been lost. */
  forgetAll(): void {
    this.generation += 1;
    this.held.clear();
    this.loading.clear();
  }

  private ageOf({ loadedAt }: Held): number {
    return this.clock.monotonic() - loadedAt;
  }

  private load(id: string): Promise<Tenant | null> {
    const underWay = this.loading.get(id);
    if (underWay !== undefined) return underWay;
    const generation = this.generation;
    const loading = this.read(id)
      .then((tenant) => {
        if (generation === this.generation) this.hold(id, tenant);
        return tenant;
      })
      .finally(() => {
        if (this.loading.get(id) === loading) this.loading.delete(id);
      });
    this.loading.set(id, loading);
    return loading;
  }

  private hold(id: string, tenant: Tenant | null): void {
    this.held.delete(id);
    this.held.set(id, { tenant, loadedAt: this.clock.monotonic() });
    const [oldest] = this.held.keys();
    if (this.held.size > MAX_HELD && oldest !== undefined) this.held.delete(oldest);
  }

  private async read(id: string): Promise<Tenant | null> {
    let found;
    try {
      found = await Promise.race([this.store.find(id), this.tooLate()]);
    } catch (error) {
      this.logger.warn({ tenant_id: id, error: describeError(error) }, 'a tenant could not be read');
      const detail = 'The tenant cannot be looked up at the moment; nothing was sent.';
      throw new Problem('audit-unavailable', detail, { retryAfterS: 5, cause: error });
    }
    return found === undefined ? null : this.toTenant(found.tenant, found.token);
  }

  private async tooLate(): Promise<never> {
    await this.clock.sleep(LOOK_UP_TIMEOUT);
    throw new Error('the database did not answer in time');
  }

  private async toTenant(row: TenantRow, token: TokenRow | undefined): Promise<Tenant> {
    return {
      id: row.id,
      name: row.name,
      status: row.status,
      billingApiUrl: row.billing_api_url ?? this.config.billing.url,
      invoicingEntities: row.invoicing_entities ?? undefined,
      credential: token === undefined ? undefined : await this.toCredential(token),
    };
  }

  /** If one tenant's token can't be decrypted, only that tenant is affected. */
  private async toCredential(row: TokenRow): Promise<Credential | undefined> {
    const { tenant_id, version, fingerprint, rejected_at } = row;
    try {
      const bytes = await this.ring.decrypt(row.token, tokenContext(tenant_id, version));
      const token = BillingToken.parse(Buffer.from(bytes).toString());
      if (token !== undefined) return { version, fingerprint, token, rejected: rejected_at !== null };
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      this.logger.error({ tenant_id, version }, error.message);
    }
    return undefined;
  }
}

/**
 * Refuses to act for a tenant that is not active.
 * @throws Problem tenant-unknown, tenant-suspended
 */
export function requireActive(tenant: Tenant | null): Tenant {
  const known = requireKnown(tenant);
  if (known.status === 'suspended') throw new Problem('tenant-suspended', 'The tenant is suspended.');
  return known;
}

/**
 * Refuses to act for a tenant that does not exist.
 * @throws Problem tenant-unknown
 */
export function requireKnown(tenant: Tenant | null): Tenant {
  if (tenant === null) throw new Problem('tenant-unknown', 'There is no tenant with this id.');
  return tenant;
}
