import { type RawBuilder, sql } from 'kysely';

/**
 * The clock that all instances share. Leases, and all other times that one instance stores and another one compares,
 * use it. It does not move within a transaction, so a statement that had to wait never claims a row too early.
 */
export const NOW: RawBuilder<Date> = sql<Date>`now()`;

/** @param ms milliseconds; a negative value is a time in the past */
export function fromNow(ms: number): RawBuilder<Date> {
  return sql<Date>`now() + ${ms}::float8 * interval '1 millisecond'`;
}
