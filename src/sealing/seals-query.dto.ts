import { MayBeAbsent, Satisfies } from '../http/rules.js';
import { textThat } from '../http/text-rules.js';
import { WholeNumber } from '../http/whole-number.js';

/** Seals on a page, by default. */
export const DEFAULT_LIMIT = 50;

/** Page of the seals. */
export class SealsQuery {
  /** Seals on a page: 1 to 200, 50 by default. */
  @WholeNumber(1, 200, DEFAULT_LIMIT)
  limit?: string;

  /** `next_cursor` of the previous page. */
  @MayBeAbsent()
  @Satisfies(
    textThat((value) => readCursor(value) !== undefined, 'not-cursor', 'must be a next_cursor of this API'),
  )
  cursor?: string;
}

/** Opaque to callers: the number of the last seal seen. */
export function writeCursor(seal: number): string {
  return Buffer.from(`seal ${seal}`).toString('base64url');
}

/** The seal in a cursor; undefined if this API did not create the cursor. */
export function readCursor(cursor: string): number | undefined {
  const [, seal] = /^seal ([1-9][0-9]{0,8})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return seal !== undefined && writeCursor(Number(seal)) === cursor ? Number(seal) : undefined;
}
