import { Injectable } from '@nestjs/common';
import type { Upstream, UsedCredential } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { BillingResult } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import { CustomerCipher } from '../crypto/customer-cipher.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { changesWith, intendedChanges, valuesOf, withoutRepeatedValues } from './audit-changes.js';
import type { CustomerPreview } from './customer-preview.schema.js';
import type { PatchOutcome } from './patch-outcome.js';
import type { AdmittedPatch, PatchContext } from './patch-request.js';
import { placeOf, snapshotOf } from './patch-snapshot.js';

/** Milliseconds after its deadline when a request without a recorded outcome is certainly dead. */
const GRACE = 10_000;

/** The result for the caller; `preview` after a dry run. */
export interface PatchResult {
  readonly customer: Customer;
  readonly operationId: string;
  readonly preview?: CustomerPreview;
  /** Whether it was answered before. */
  readonly replayed?: boolean;
}

/** Stores the intent and the outcome of a patch, before the caller is answered. */
@Injectable()
export class PatchJournal {
  constructor(
    private readonly trail: AuditTrail,
    private readonly cipher: CustomerCipher,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /**
   * Stores the intent.
   * @throws Problem audit-unavailable; then nothing may be sent
   */
  async intent(patch: AdmittedPatch): Promise<void> {
    const { operationId, tenant, customerId, diff, deadline } = patch;
    const { credential } = tenant;
    const intended = { changes: intendedChanges(diff), values: valuesOf(diff), customerId, credential };
    const owner = { tenantId: tenant.id, customerId };
    const stored = this.trail.intent(patch, intended, {
      finishedBy: deadline + GRACE,
      snapshot: () => this.cipher.encrypt(owner, placeOf(operationId), snapshotOf(patch)),
    });
    await stored.catch((error: unknown) => {
      this.metrics.patchEnded('not_applied', changesWith('not_applied', diff));
      throw error;
    });
  }

  /**
   * Records the outcome of a patch that was sent.
   * @throws Problem unless it was applied
   */
  async sent(patch: PatchContext, outcome: PatchOutcome, result: BillingResult): Promise<PatchResult> {
    const { record } = outcome;
    await this.trail.outcome(patch, {
      ...record,
      ...withoutRepeatedValues(record, patch.diff),
      ...usedBy(result),
    });
    this.metrics.patchEnded(record.outcome, record.changes);
    return answerOf(patch, outcome);
  }

  /**
   * Records the outcome of a patch that was not sent, or of a preview.
   * @throws Problem unless the patch is unchanged or a preview
   */
  async unsent(patch: PatchContext, outcome: PatchOutcome, read?: BillingResult): Promise<PatchResult> {
    const ending = { ...outcome.record, ...usedByRead(read) };
    if (patch.request.dryRun) await this.trail.previewed(patch, ending);
    else {
      await this.trail.outcomeUnsent(patch, ending);
      this.metrics.patchEnded(outcome.record.outcome, outcome.record.changes);
    }
    return answerOf(patch, outcome);
  }
}

function answerOf({ operationId }: PatchContext, outcome: PatchOutcome): PatchResult {
  if (outcome.customer === undefined) throw outcome.problem;
  const { customer, preview } = outcome;
  return { customer, operationId, ...(preview === undefined ? {} : { preview }) };
}

interface Used {
  readonly upstream: Upstream | null;
  readonly credential: UsedCredential | null;
}

function usedBy({ answer, attempts, durationMs, tenant }: BillingResult): Used {
  return {
    upstream: { attempts, duration_ms: durationMs, status: 'status' in answer ? answer.status : null },
    credential: tenant.credential,
  };
}

/** A read does not count as an attempt to patch. */
function usedByRead(read: BillingResult | undefined): Used {
  return read === undefined ? { upstream: null, credential: null } : usedBy({ ...read, attempts: 0 });
}
