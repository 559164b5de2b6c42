import type { AuditEvent } from '../audit/audit-event.js';
import type { PatchPlan } from './patch-plan.js';
import { sameValue } from './same-value.js';

/**
 * Whether another patch may have put a field back to what it was before this one: then its being as first read does
 * not say that this one was never applied. Values are compared by their masks: those of equal values are equal.
 * @param later what patches did to the customer after the intent, oldest first
 */
export function mayBeUndone(
  intent: AuditEvent,
  { sent }: Pick<PatchPlan, 'sent'>,
  later: readonly AuditEvent[],
): boolean {
  const lastOfEach = new Map(later.map((event) => [event.operation_id, event]));
  lastOfEach.delete(intent.operation_id);
  const writers = [...lastOfEach.values()].filter(({ outcome }) => MAY_HAVE_WRITTEN.includes(outcome));
  return sent.some((field) => {
    const mine = intent.changes.find((change) => change.field === field);
    return writers.some(({ changes }) =>
      changes.some(
        ({ field: other, after, effect }) =>
          other === field && effect !== 'unchanged' && sameValue(field, after, mine?.before),
      ),
    );
  });
}

const MAY_HAVE_WRITTEN: readonly AuditEvent['outcome'][] = ['pending', 'applied', 'unknown', 'unverifiable'];
