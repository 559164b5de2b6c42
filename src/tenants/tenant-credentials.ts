import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { within } from '../runtime/within.js';
import { TenantCache } from './tenant-cache.js';
import { TenantStore } from './tenant-store.js';
import type { Credential, Tenant } from './tenant.js';

/** A tenant with a token that may be used. */
export type EquippedTenant = Tenant & { readonly credential: Credential };

/** Milliseconds between two tries with a token that the billing API rejects. */
const PROBE_EVERY = 60_000;
/** Milliseconds between two updates of the last use of a version. */
const TOUCH_EVERY = 60_000;
/** Versions whose last use is in memory. */
const MAX_TOUCHED = 10_000;

/** Chooses the version of a tenant's token, and records whether it was accepted or rejected. */
@Injectable()
export class TenantCredentials {
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly store: TenantStore,
    private readonly cache: TenantCache,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * The tenant, if its current token may be used. A rejected token may be used for one probe a minute: only then the
   * database is asked, and the result is a promise.
   */
  usable(tenant: Tenant): EquippedTenant | undefined | Promise<EquippedTenant | undefined> {
    if (!isEquipped(tenant)) return undefined;
    return tenant.credential.rejected ? this.probing(tenant) : tenant;
  }

  /** The same, before a deadline by the monotonic clock: a token is not tried if the database does not say in time. */
  async usableBy(tenant: Tenant, deadline: number): Promise<EquippedTenant | undefined> {
    const usable = this.usable(tenant);
    return usable instanceof Promise ? within(this.clock, deadline, usable).catch(() => undefined) : usable;
  }

  /** The tenant reloaded, if it has a newer token than the one that was just refused. */
  async newerThan({ id, credential }: EquippedTenant): Promise<EquippedTenant | undefined> {
    const now = await this.cache.reload(id).catch(() => null);
    if (now === null || now.status === 'suspended' || !isEquipped(now)) return undefined;
    return now.credential.version > credential.version ? now : undefined;
  }

  /** Records that the billing API answered 401 to it. Returns true the first time. */
  async rejected({ id, credential }: EquippedTenant): Promise<boolean> {
    const news = await this.mark(id, credential.version, true);
    if (news) {
      const { version, fingerprint } = credential;
      this.logger.error(
        { tenant_id: id, version, fingerprint },
        'the billing API rejects the token of a tenant: put a new one',
      );
    }
    return news;
  }

  /** Records that it was accepted. Returns undefined if there is nothing to wait for. */
  accepted({ id, credential }: EquippedTenant): Promise<unknown> | undefined {
    this.touch(id, credential.version);
    return credential.rejected ? this.mark(id, credential.version, false) : undefined;
  }

  private async probing(tenant: EquippedTenant): Promise<EquippedTenant | undefined> {
    try {
      const mayProbe = await this.store.takeProbe(tenant.id, tenant.credential.version, PROBE_EVERY);
      return mayProbe ? tenant : undefined;
    } catch {
      return undefined;
    }
  }

  private async mark(id: string, version: number, rejected: boolean): Promise<boolean> {
    try {
      return await this.store.change(id, (change) => change.markRejected(version, rejected));
    } catch (error) {
      this.logger.warn(
        { tenant_id: id, version, error: describeError(error) },
        'the state of a token could not be stored',
      );
      return false;
    } finally {
      this.cache.forget(id);
    }
  }

  private touch(id: string, version: number): void {
    const key = `${id} ${version}`;
    const now = this.clock.monotonic();
    if (now - (this.touched.get(key) ?? -Infinity) < TOUCH_EVERY) return;
    if (this.touched.size >= MAX_TOUCHED) this.touched.clear();
    this.touched.set(key, now);
    this.store.touch(id, version).catch(() => undefined);
  }
}

function isEquipped(tenant: Tenant): tenant is EquippedTenant {
  return tenant.credential !== undefined;
}
