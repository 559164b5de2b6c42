import { Injectable } from '@nestjs/common';
import { Clock } from '../runtime/clock.js';
import { PLATFORM } from '../tenants/tenant.js';
import { isLate, type Leaf } from './leaf.js';
import { type Hash, leafHash } from './merkle.js';
import { type StorableEvent, textOf } from './stored-event.js';

/** Leaves that are kept, the newest, and for how many milliseconds: longer than a log takes to grow. */
const MAX_LEAVES = 5_000;
const KEPT_FOR = 60_000;

/**
 * The leaves of events that this instance has just stored. So they are not read again when their log grows, which costs
 * as much as storing them. Rows that nobody here stored are unknown here.
 */
@Injectable()
export class RecentLeaves {
  private readonly leaves = new Map<string, { readonly hash: Hash; readonly until: number }>();

  constructor(private readonly clock: Clock) {}

  /** @param event durable since a moment ago */
  remember(event: StorableEvent): void {
    const name = nameOf(event.tenant_id ?? PLATFORM.id, event.id);
    this.leaves.set(name, { hash: leafHash(textOf(event)), until: this.clock.monotonic() + KEPT_FOR });
    const [oldest] = this.leaves.keys();
    if (this.leaves.size > MAX_LEAVES && oldest !== undefined) this.leaves.delete(oldest);
  }

  /** @param now milliseconds since the epoch, by the database's clock, as in the row */
  find(log: string, eventId: string, now: number): Leaf | undefined {
    const known = this.leaves.get(nameOf(log, eventId));
    if (known === undefined || known.until < this.clock.monotonic()) return undefined;
    return { hash: known.hash, late: isLate(eventId, now) };
  }
}

function nameOf(log: string, eventId: string): string {
  return `${log} ${eventId}`;
}
