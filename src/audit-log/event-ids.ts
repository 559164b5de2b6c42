/**
 * Milliseconds by which the clocks of instances, and the time until an event is stored, may differ. It is this long only
 * because that costs nothing: bounds spare whole months.
 */
const MARGIN = 24 * 60 * 60_000;

/** The time of an event or an operation, in its id: a UUIDv7 (RFC 9562, section 5.7). */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The lowest UUIDv7 of a time. */
export function firstIdOf(ms: number): string {
  const time = Math.floor(Math.max(0, Math.min(ms, 2 ** 48 - 1)))
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/**
 * Bounds of the ids of events that may belong to something that began with this id. A query with such bounds does not
 * look into other months. Ids are at most a few seconds ahead of the clock that made them.
 */
export function idsSince(id: string, now: number): readonly [first: string, last: string] {
  const began = timeOf(id);
  return [firstIdOf(began - MARGIN), firstIdOf(Math.max(began, now) + MARGIN)];
}
