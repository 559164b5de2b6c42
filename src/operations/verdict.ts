import type { BillingAnswer } from '../billing/billing-answer.js';
import type { Customer } from '../billing/customer.dto.js';
import { effectsSeenIn, type FieldEffect, sameEffect } from '../customers/audit-changes.js';
import { isAsFirstRead, showsAsked } from '../customers/patch-diff.js';
import type { PatchSnapshot } from '../customers/patch-snapshot.js';
import type { OpenOperationRow } from './open-operations.js';

/** Milliseconds from an unknown outcome to each read. The result of the last read is final. */
const READ_AFTER = [1_000, 5_000, 30_000, 120_000, 600_000] as const;
const LAST_READ_AFTER = READ_AFTER[4];
/** Milliseconds between further reads while the customer can't be read at all. */
const READ_AGAIN_EVERY = 600_000;
/** Milliseconds after which an operation whose customer can't be read is closed. */
const GIVE_UP_AFTER = 24 * 60 * 60_000;

export interface Evidence {
  readonly row: Pick<OpenOperationRow, 'state' | 'age_ms'>;
  /** Null if it is not known. */
  readonly customerId: string | null;
  /** Undefined: there is no snapshot to compare with. */
  readonly snapshot: PatchSnapshot | undefined;
  /** Undefined: there was no token for the read. */
  readonly answer: BillingAnswer<Customer> | undefined;
}

export interface Verdict {
  readonly outcome: 'applied' | 'not_applied' | 'unknown' | 'unverifiable';
  readonly customerId: string | null;
  readonly effects: readonly FieldEffect[];
  /** The customer that shows the effects; undefined if they are known without it. */
  readonly seen: Customer | undefined;
}

/** The outcome of a patch according to a read; undefined if the customer has to be read again. */
export function conclude({ row, customerId, snapshot, answer }: Evidence): Verdict | undefined {
  if (snapshot === undefined) return unverifiable(customerId, snapshot);
  const { diff } = snapshot;
  const customer = answer?.kind === 'success' ? answer.value : undefined;
  if (customer !== undefined && showsAsked(diff, customer))
    return {
      outcome: 'applied',
      customerId: customer.id,
      effects: effectsSeenIn(diff, customer),
      seen: customer,
    };
  if (row.state === 'sent') return { ...unverifiable(customerId, snapshot), outcome: 'unknown' };
  const age = row.age_ms;
  const seen = customer !== undefined || isGone(answer);
  if (seen ? age < LAST_READ_AFTER : age < GIVE_UP_AFTER) return undefined;
  if (customer !== undefined && isAsFirstRead(diff, customer))
    return {
      outcome: 'not_applied',
      customerId,
      effects: sameEffect('not_applied', diff),
      seen: undefined,
    };
  return unverifiable(customerId, snapshot);
}

/** The outcome can't be found any more. */
export function unverifiable(customerId: string | null, snapshot: Evidence['snapshot']): Verdict {
  const effects = snapshot === undefined ? [] : sameEffect('unverifiable', snapshot.diff);
  return { outcome: 'unverifiable', customerId, effects, seen: undefined };
}

/** Milliseconds until the next read of an open operation. */
export function nextRead({ age_ms: age }: Evidence['row']): number {
  const next = READ_AFTER.find((ms) => ms > age);
  return next === undefined ? READ_AGAIN_EVERY : next - age;
}

function isGone(answer: BillingAnswer<Customer> | undefined): boolean {
  return answer?.kind === 'refused' && answer.slug === 'customer-not-found';
}
