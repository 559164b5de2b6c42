import { Problem } from '../http/problem.js';
import type { Tenant } from './tenant.js';

/** Which tenants there are. Filled from wherever tenants are kept; the request path only looks them up. */
export class TenantDirectory {
  private tenants: ReadonlyMap<string, Tenant> = new Map();

  /** Takes a new set of tenants, all at once. */
  replace(tenants: readonly Tenant[]): void {
    this.tenants = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  }

  has(id: string): boolean {
    return this.tenants.has(id);
  }

  /**
   * A tenant that may act.
   * @throws Problem tenant-unknown, tenant-suspended
   */
  require(id: string): Tenant {
    const tenant = this.tenants.get(id);
    if (tenant === undefined) throw new Problem('tenant-unknown', 'No tenant of this id is set up here.');
    if (tenant.status === 'suspended') throw new Problem('tenant-suspended', 'The tenant is suspended here.');
    return tenant;
  }
}
