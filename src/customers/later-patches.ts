import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditQueries } from '../audit/audit-queries.js';
import { latestOutcome, mergedChanges } from '../audit/latest-outcome.js';
import type { Customer } from '../billing/customer.dto.js';
import { isAsFirstRead, type PatchDiff, sameValue } from './patch-diff.js';

interface SentPatch {
  readonly operationId: string;
  readonly provenance: { readonly tenant_id: string | null };
  readonly diff: PatchDiff;
}

/** Later patches of the same customer through this service. */
@Injectable()
export class LaterPatches {
  constructor(private readonly events: AuditQueries) {}

  /**
   * Whether the customer, although it is as first read, proves nothing, because another patch may have changed it
   * back. True if the trail can't be read.
   */
  async mayHaveUndone({ operationId, provenance, diff }: SentPatch, customer: Customer): Promise<boolean> {
    if (!isAsFirstRead(diff, customer)) return false;
    const tenantId = provenance.tenant_id ?? '';
    try {
      const events = await this.events.ofOperation(tenantId, operationId);
      const intent = events.find(({ phase }) => phase === 'intent');
      return intent === undefined || (await this.haveUndone(intent, diff, tenantId, customer.id));
    } catch {
      return true;
    }
  }

  /** Whether another patch may have changed a field that was sent back to its value before the intent. */
  async haveUndone(
    intent: AuditEvent,
    { sent }: Pick<PatchDiff, 'sent'>,
    tenantId: string,
    customerId: string,
  ): Promise<boolean> {
    const later = await this.events.patchesAfter(tenantId, customerId, intent.id);
    return mayBeUndone(intent, sent, later);
  }
}

/**
 * Compares the masks of values: equal values have equal masks.
 * @param later events of other patches, too
 */
function mayBeUndone(intent: AuditEvent, sent: PatchDiff['sent'], later: readonly AuditEvent[]): boolean {
  const others = new Set(later.map((event) => event.operation_id));
  others.delete(intent.operation_id);
  const written = [...others].flatMap((id) => {
    const events = later.filter((event) => event.operation_id === id);
    const last = latestOutcome(events) ?? events.at(-1);
    return last !== undefined && MAY_HAVE_WRITTEN.includes(last.outcome)
      ? mergedChanges(events[0], last)
      : [];
  });
  return sent.some((field) => {
    const mine = intent.changes.find((change) => change.field === field);
    return written.some(
      ({ field: other, after, effect }) =>
        other === field && effect !== 'unchanged' && sameValue(field, after, mine?.before),
    );
  });
}

const MAY_HAVE_WRITTEN: readonly AuditEvent['outcome'][] = ['pending', 'applied', 'unknown', 'unverifiable'];
