import { Injectable } from '@nestjs/common';
import type { Upstream, UsedCredential } from '../audit/audit-event.js';
import type { Operation, OutcomeRecord } from '../audit/audit-records.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { aliasesIn } from '../audit/customer-aliases.js';
import type { BillingResult } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import { CustomerCipher } from '../crypto/customer-cipher.js';
import type { Answer } from '../idempotency/keyed-request.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Tracing } from '../runtime/tracing.js';
import {
  intendedChanges,
  intendedValues,
  outcomeBesideIntent,
  sameEffect,
  wholeOutcome,
} from './audit-changes.js';
import type { PatchOf, PatchOutcome } from './patch-outcome.js';
import type { AdmittedPatch, PatchContext, PatchResult } from './patch-request.js';
import { placeOf, snapshotOf } from './patch-snapshot.js';

/** Milliseconds after its deadline when a request without a recorded outcome is certainly dead. */
const GRACE = 10_000;

/** Stores the intent and the outcome of a patch, before the caller is answered. */
@Injectable()
export class PatchJournal {
  constructor(
    private readonly trail: AuditTrail,
    private readonly cipher: CustomerCipher,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly tracing: Tracing,
  ) {}

  /**
   * Stores the intent.
   * @throws Problem audit-unavailable; then nothing may be sent
   */
  async intent(patch: AdmittedPatch): Promise<void> {
    const { operationId, tenant, customerId, diff, deadline } = patch;
    const { credential } = tenant;
    const intended = { changes: intendedChanges(diff), values: intendedValues(diff), customerId, credential };
    const owner = { tenantId: tenant.id, customerId };
    const opens = {
      finishedBy: deadline + GRACE,
      snapshot: () => this.cipher.encrypt(owner, placeOf(operationId), snapshotOf(patch)),
    };
    const store = (): Promise<void> => this.trail.intent(knownAs(patch, patch.before), intended, opens);
    await this.tracing.span('intent', store).catch((error: unknown) => {
      this.metrics.patchEnded('not_applied', sameEffect('not_applied', diff));
      throw error;
    });
  }

  /**
   * Records the outcome of a patch that was sent.
   * @throws Problem unless it was applied
   */
  async sent(patch: PatchContext, outcome: PatchOutcome, result: BillingResult): Promise<PatchResult> {
    const { effects, seen, ...ended } = outcome.record;
    const { upstream, credential } = usedBy(result);
    const recorded = outcomeBesideIntent(effects, patch.diff, seen);
    const answer = answerOf(patch, outcome);
    await this.tracing.span('outcome', async () =>
      this.trail.outcome(
        knownAs(patch, outcome.customer),
        { upstream, credential, ...ended, ...recorded },
        await patch.keep?.(answer),
      ),
    );
    this.metrics.patchEnded(ended.outcome, effects);
    return resultOf(answer);
  }

  /**
   * Records the outcome of a patch that was not sent.
   * @throws Problem unless the patch is unchanged
   */
  async unsent(patch: PatchContext, outcome: PatchOutcome, read?: BillingResult): Promise<PatchResult> {
    const answer = answerOf(patch, outcome);
    await this.tracing.span('outcome', async () =>
      this.trail.outcomeUnsent(
        knownAs(patch, patch.before),
        endingUnsent(patch, outcome, read),
        await patch.keep?.(answer),
      ),
    );
    this.metrics.patchEnded(outcome.record.outcome, outcome.record.effects);
    return resultOf(answer);
  }

  /**
   * Records a preview: one event.
   * @throws Problem if there is nothing to show
   */
  async previewed(
    preview: PatchOf & Operation,
    outcome: PatchOutcome,
    read: BillingResult | undefined,
  ): Promise<Customer> {
    await this.trail.previewed(knownAs(preview, outcome.customer), endingUnsent(preview, outcome, read));
    if (outcome.customer === undefined) throw outcome.problem;
    return outcome.customer;
  }
}

/** The operation with the alias that its customer was seen to have. */
function knownAs(operation: Operation, customer: Pick<Customer, 'alias'> | undefined): Operation {
  return { ...operation, aliases: aliasesIn([...operation.aliases, customer?.alias]) };
}

function answerOf({ operationId }: PatchContext, outcome: PatchOutcome): Answer<PatchResult> {
  if (outcome.customer === undefined) return outcome;
  return { result: { customer: outcome.customer, operationId } };
}

function endingUnsent(
  { diff }: PatchOf,
  { record: { effects, seen, ...ended } }: PatchOutcome,
  read: BillingResult | undefined,
): OutcomeRecord {
  const { upstream, credential } = usedByRead(read);
  return { upstream, credential, ...ended, ...wholeOutcome(effects, diff, seen) };
}

/** @throws Problem if it is the answer */
function resultOf(answer: Answer<PatchResult>): PatchResult {
  if ('problem' in answer) throw answer.problem;
  return answer.result;
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
