import { type StoredCustomer, storedCustomer } from './billing-customer.js';
import { canonicalId } from './billing-id.js';
import { readJson, writePrivately } from './data-folder.js';
import { messageOf, SandboxFault } from './fault.js';
import { listOf, members, oneOf, text } from './shape.js';

/** One row of the billing API's own activity log: the token is the actor, and there are no values (U16). */
export interface Activity {
  at: string;
  tenant: string;
  actor: string;
  action: 'customer.updated';
  customer_id: string;
}

/** The customers of every tenant and the activity log, stored in a file if there is one. */
export class BillingState {
  readonly activities: Activity[] = [];
  readonly #customers = new Map<string, Map<string, StoredCustomer>>();
  readonly #file: string | undefined;
  readonly #keepActivities: number;

  constructor(options: { file?: string | undefined; keepActivities: number }) {
    this.#file = options.file;
    this.#keepActivities = options.keepActivities;
  }

  /** Seeds first, then the file: a customer changed in an earlier run stays changed. */
  load(seeds: ReadonlyMap<string, readonly StoredCustomer[]>): void {
    for (const [tenant, customers] of seeds) for (const customer of customers) this.#put(tenant, customer);
    const kept = this.#file === undefined ? undefined : readJson(this.#file);
    if (kept !== undefined) this.#take(kept);
  }

  /** In the order in which they were added. */
  all(tenant: string): StoredCustomer[] {
    return [...(this.#customers.get(tenant)?.values() ?? [])];
  }

  /** By id if it looks like an id, else by alias (U8). */
  find(tenant: string, idOrAlias: string): StoredCustomer | undefined {
    const customers = this.#customers.get(tenant);
    const id = canonicalId('cus', idOrAlias);
    if (id !== undefined) return customers?.get(id);
    return this.all(tenant).find((customer) => customer.alias === idOrAlias);
  }

  /** Whether another of the tenant's customers has the alias. */
  aliasTaken(tenant: string, alias: string, byOtherThan: string): boolean {
    return this.all(tenant).some((customer) => customer.alias === alias && customer.id !== byOtherThan);
  }

  put(tenant: string, customer: StoredCustomer): void {
    this.#put(tenant, customer);
    this.#save();
  }

  /** Stores the customer after a PATCH, and writes an activity even if nothing changed (U4, U16). */
  update(tenant: string, customer: StoredCustomer, actor: string, at: Date): void {
    this.#put(tenant, customer);
    this.activities.push({
      at: at.toISOString(),
      tenant,
      actor,
      action: 'customer.updated',
      customer_id: customer.id,
    });
    if (this.activities.length > this.#keepActivities) this.activities.shift();
    this.#save();
  }

  #put(tenant: string, customer: StoredCustomer): void {
    if (canonicalId('cus', customer.id) !== customer.id) {
      throw new TypeError(`${customer.id} is not a customer id: no URL would find it`);
    }
    const customers = this.#customers.get(tenant) ?? new Map<string, StoredCustomer>();
    this.#customers.set(tenant, customers.set(customer.id, customer));
  }

  #take(kept: unknown): void {
    try {
      const { tenants, activities } = members(kept, 'state');
      for (const [tenant, customers] of Object.entries(members(tenants, 'tenants'))) {
        for (const customer of listOf(storedCustomer)(customers, tenant)) this.#put(tenant, customer);
      }
      this.activities.push(...listOf(activity)(activities, 'activities'));
    } catch (error) {
      throw new SandboxFault(
        `${this.#file ?? 'The state'} is not as expected (${messageOf(error)}); delete it to start afresh.`,
      );
    }
  }

  // Before the answer is sent, so that it is still true after a crash.
  #save(): void {
    if (this.#file === undefined) return;
    const tenants: Record<string, StoredCustomer[]> = {};
    for (const [tenant, customers] of this.#customers) tenants[tenant] = [...customers.values()];
    writePrivately(this.#file, { tenants, activities: this.activities });
  }
}

function activity(value: unknown, at: string): Activity {
  const kept = members(value, at);
  return {
    at: text(kept.at, `${at}.at`),
    tenant: text(kept.tenant, `${at}.tenant`),
    actor: text(kept.actor, `${at}.actor`),
    action: oneOf(['customer.updated'])(kept.action, `${at}.action`),
    customer_id: text(kept.customer_id, `${at}.customer_id`),
  };
}
