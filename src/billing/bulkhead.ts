import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import type { BillingFailure } from './billing-answer.js';

/** Maximum milliseconds that an operation waits for a slot. */
export const LONGEST_WAIT = 2_000;
/** Waiting operations for each slot: of an origin, and of one tenant. */
const WAITING = 8;
const WAITING_OF_TENANT = 2;

/** The answer for an operation that got no slot. */
export const NO_SLOT = {
  kind: 'not-attempted',
  by: 'bulkhead',
  retryAfterS: 1,
} as const satisfies BillingFailure;

/** The tenant and origin of an operation. */
interface Place {
  readonly id: string;
  readonly billingApiUrl: string;
}

/** One tenant at one origin. */
interface Lane {
  readonly tenantId: string;
  inFlight: number;
  /** One function for each waiting operation, which gives it a slot; first come, first served. */
  readonly queue: (() => void)[];
}

interface Origin {
  readonly name: string;
  inFlight: number;
  waiting: number;
  /** By tenant, in the order in which tenants get the next free slot. */
  readonly lanes: Map<string, Lane>;
}

/**
 * The bulkhead: limits the operations at a time for each origin of billing APIs; one tenant gets at most half of
 * them. An operation (a read, or a patch with all its requests) has one slot from its first request to its last.
 * Others wait in a queue for a short time. Tenants get free slots in turn, and no tenant can fill the queue of the
 * others.
 */
@Injectable()
export class Bulkhead {
  private readonly origins = new Map<string, Origin>();
  private readonly slots: number;
  private readonly slotsOfTenant: number;

  constructor(
    { billing }: Config,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.slots = billing.maxInFlight;
    this.slotsOfTenant = Math.max(1, Math.floor(this.slots / 2));
    metrics.watchBulkhead(() => this.use);
  }

  /** Operations that have a slot, and that wait for one, of all origins. */
  private get use(): { readonly inFlight: number; readonly waiting: number } {
    const total = { inFlight: 0, waiting: 0 };
    for (const { inFlight, waiting } of this.origins.values()) {
      total.inFlight += inFlight;
      total.waiting += waiting;
    }
    return total;
  }

  /**
   * Takes a slot, or waits for one. Returns a function that releases it.
   * @param deadline of the wait, by the monotonic clock
   * @returns undefined if no slot was free in time
   */
  enter({ id, billingApiUrl }: Place, deadline: number): Promise<(() => void) | undefined> {
    const origin = this.originOf(new URL(billingApiUrl).origin);
    const lane = laneOf(origin, id);
    if (origin.inFlight < this.slots && lane.inFlight < this.slotsOfTenant)
      return Promise.resolve(this.take(origin, lane));
    const waitMs = Math.min(LONGEST_WAIT, deadline - this.clock.monotonic());
    const mayWait =
      lane.queue.length < WAITING_OF_TENANT * this.slots && origin.waiting < WAITING * this.slots;
    if (waitMs > 0 && mayWait) return this.wait(origin, lane, waitMs);
    this.refuse(origin, lane);
    return Promise.resolve(undefined);
  }

  private wait(origin: Origin, lane: Lane, waitMs: number): Promise<(() => void) | undefined> {
    return new Promise((resolve) => {
      const admit = (): void => {
        cancel();
        resolve(this.take(origin, lane));
      };
      const cancel = this.clock.after(waitMs, () => {
        lane.queue.splice(lane.queue.indexOf(admit), 1);
        origin.waiting -= 1;
        this.refuse(origin, lane);
        resolve(undefined);
      });
      lane.queue.push(admit);
      origin.waiting += 1;
    });
  }

  private refuse(origin: Origin, lane: Lane): void {
    this.logger.debug({ tenant_id: lane.tenantId }, 'the bulkhead is full');
    this.metrics.notAttempted('bulkhead');
    this.forgetIdle(origin, lane);
  }

  private take(origin: Origin, lane: Lane): () => void {
    origin.inFlight += 1;
    lane.inFlight += 1;
    return () => {
      origin.inFlight -= 1;
      lane.inFlight -= 1;
      this.admitNext(origin);
      this.forgetIdle(origin, lane);
    };
  }

  private admitNext(origin: Origin): void {
    for (const [tenantId, lane] of origin.lanes) {
      const admit = lane.inFlight < this.slotsOfTenant ? lane.queue.shift() : undefined;
      if (admit === undefined) continue;
      origin.waiting -= 1;
      // Moved to the end: the tenant had its turn.
      origin.lanes.delete(tenantId);
      origin.lanes.set(tenantId, lane);
      admit();
      return;
    }
  }

  private originOf(name: string): Origin {
    const origin = this.origins.get(name) ?? {
      name,
      inFlight: 0,
      waiting: 0,
      lanes: new Map<string, Lane>(),
    };
    this.origins.set(name, origin);
    return origin;
  }

  private forgetIdle(origin: Origin, { tenantId, inFlight, queue }: Lane): void {
    if (inFlight === 0 && queue.length === 0) origin.lanes.delete(tenantId);
    if (origin.lanes.size === 0) this.origins.delete(origin.name);
  }
}

function laneOf({ lanes }: Origin, tenantId: string): Lane {
  const lane = lanes.get(tenantId) ?? { tenantId, inFlight: 0, queue: [] };
  lanes.set(tenantId, lane);
  return lane;
}
