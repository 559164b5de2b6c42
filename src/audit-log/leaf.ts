import type { Clock } from '../runtime/clock.js';
import { nextTurn, slices } from '../runtime/turns.js';
import { timeOf } from './event-ids.js';
import { type Hash, leafHash } from './merkle.js';
import { type EventRow, eventOf, isInItsForm, textOf } from './stored-event.js';

/** Why an event may not enter its log: its tenant has no such event, or the service would not store it like this. */
export type SetAsideReason = 'missing' | 'not-canonical';

/** An event's leaf, and whether it was stored long after its time; or the reason why it has none. */
export type Leaf = { readonly hash: Hash; readonly late: boolean } | { readonly reason: SetAsideReason };

/** Milliseconds after its time when an event is late: the service itself is that only after an outage of the database. */
const LATE = 15 * 60_000;

/** Rows read at a time, and leaves computed in one turn. The largest rows have hundreds of kilobytes. */
const LEAVES_IN_A_TURN = 50;
/** Milliseconds for which rows are read and leaves computed: a quarter of the time for which a transaction may be idle. */
const LEAVES_FOR = 1_000;

/** An event's row, with the time when it was stored. */
export type StoredRow = EventRow & { readonly stored_at: Date };

/**
 * The leaf of a stored event: its RFC 8785 text. An event that the service did not write like this is set aside,
 * because no reader could compute its leaf again.
 */
export function leafOf(row: StoredRow | undefined): Leaf {
  if (row === undefined) return { reason: 'missing' };
  const event = eventOf(row);
  if (!isInItsForm(row, event)) return { reason: 'not-canonical' };
  return { hash: leafHash(textOf(event)), late: isLate(row.id, row.stored_at.getTime()) };
}

/** A waiting event and its row; undefined for one that its log's tenant does not have. */
export interface WithRow<Waiting> {
  readonly waiting: Waiting;
  readonly row: StoredRow | undefined;
}

/**
 * The leaves of waiting events within a transaction: of the first ones, as many as there is time for. The largest events
 * take 4 ms each, and a transaction that computed them all would be ended again and again.
 * @param read their rows; it is asked for a few at a time
 */
export async function leavesInTime<Waiting>(
  events: readonly Waiting[],
  read: (some: readonly Waiting[]) => Promise<readonly WithRow<Waiting>[]>,
  clock: Clock,
): Promise<{ readonly waiting: Waiting; readonly leaf: Leaf }[]> {
  const until = clock.monotonic() + LEAVES_FOR;
  const leaves = [];
  for (const slice of slices(events, LEAVES_IN_A_TURN)) {
    for (const { waiting, row } of await read(slice)) leaves.push({ waiting, leaf: leafOf(row) });
    // Not one of `Turns`: what else waits for those would hold up the transaction.
    await nextTurn();
    if (clock.monotonic() >= until) break;
  }
  return leaves;
}

/** @param storedAt milliseconds since the epoch */
export function isLate(id: string, storedAt: number): boolean {
  return storedAt - timeOf(id) > LATE;
}
