import { Injectable } from '@nestjs/common';
import { AbandonedHolds } from '../database/abandoned-holds.js';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { atMost, within } from '../runtime/within.js';

/** Milliseconds after its deadline when a holder is certainly finished. */
const GRACE = 5_000;
/** Maximum milliseconds between two tries to get a lease. */
const LONGEST_PAUSE = 200;

export interface Holder {
  readonly tenantId: string;
  readonly customerId: string;
  readonly operationId: string;
  /** By the monotonic clock. */
  readonly deadline: number;
}

/** Another patch of the customer held the lease until this patch's deadline. */
export class LeaseTaken extends Error {
  override readonly name = 'LeaseTaken';
}

/** The database does not answer whether the lease is free. */
export class LeaseUnavailable extends Error {
  override readonly name = 'LeaseUnavailable';
}

/** Runs the `If-Match` patches of a customer one at a time, across instances. */
@Injectable()
export class CustomerLeases {
  /** Only the first waiting patch of this instance asks the database. */
  private readonly lines = new Map<string, Promise<unknown>>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly abandoned: AbandonedHolds,
  ) {}

  /** @throws LeaseTaken, LeaseUnavailable; what `work` throws */
  async alone<Result>(holder: Holder, work: () => Promise<Result>): Promise<Result> {
    const name = `${holder.tenantId} ${holder.customerId}`;
    const ahead = this.lines.get(name) ?? Promise.resolve();
    const turn = ahead.then(() => this.hold(holder, work));
    const settled = turn.then(nothing, nothing);
    this.lines.set(name, settled);
    void settled.then(() => {
      if (this.lines.get(name) === settled) this.lines.delete(name);
    });
    return turn;
  }

  private async hold<Result>(holder: Holder, work: () => Promise<Result>): Promise<Result> {
    await this.take(holder);
    try {
      return await work();
    } finally {
      await atMost(this.clock, holder.deadline, this.giveBack(holder));
    }
  }

  private async take(holder: Holder): Promise<void> {
    for (let pause = 10; !(await this.tryToTake(holder)); pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      if (this.clock.monotonic() + pause > holder.deadline)
        throw new LeaseTaken('the customer is being patched');
      await this.clock.sleep(pause / 2 + this.ids.jitter(pause / 2));
    }
  }

  /** An expired lease can be taken by anybody. */
  private async tryToTake(holder: Holder): Promise<boolean> {
    if (this.clock.monotonic() >= holder.deadline) throw new LeaseTaken('the customer is being patched');
    const claimed = this.claim(holder);
    try {
      return await within(this.clock, holder.deadline, claimed);
    } catch (error) {
      this.abandoned.addAfter(claimed, 'customer_lease', holder.operationId);
      throw new LeaseUnavailable('the lease could not be claimed', { cause: error });
    }
  }

  private async claim({ tenantId, customerId, operationId, deadline }: Holder): Promise<boolean> {
    const lease = { holder: operationId, held_until: fromNow(deadline - this.clock.monotonic() + GRACE) };
    const rows = await this.database.kysely
      .insertInto('customer_lease')
      .values({ tenant_id: tenantId, customer_id: customerId, ...lease })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'customer_id'])
          .doUpdateSet(lease)
          .where('customer_lease.held_until', '<=', NOW),
      )
      .returning('holder')
      .execute();
    return rows.length > 0;
  }

  private async giveBack({ tenantId, customerId, operationId }: Holder): Promise<void> {
    try {
      await this.database.kysely
        .deleteFrom('customer_lease')
        .where('tenant_id', '=', tenantId)
        .where('customer_id', '=', customerId)
        .where('holder', '=', operationId)
        .execute();
    } catch {
      this.abandoned.add('customer_lease', operationId);
    }
  }
}

const nothing = (): void => undefined;
