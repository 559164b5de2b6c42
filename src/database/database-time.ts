import { type RawBuilder, sql } from 'kysely';

/**
 * The clock that all instances share, which is why leases, and whatever else one instance says and another one
 * compares, go by it. It stands still within a statement, so a statement that had to wait takes nothing too early.
 */
export const NOW: RawBuilder<Date> = sql<Date>`now()`;

/** @param ms milliseconds; less than none is a time that has passed */
export function fromNow(ms: number): RawBuilder<Date> {
  return sql<Date>`now() + ${ms}::float8 * interval '1 millisecond'`;
}
