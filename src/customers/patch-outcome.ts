import type { Effect } from '../audit/audit-event.js';
import type { OutcomeRecord } from '../audit/audit-records.js';
import type { BillingAnswer, BillingFailure } from '../billing/billing-answer.js';
import { type FailureReport, reportOf, TOKEN_REJECTED } from '../billing/billing-problem.js';
import type { Customer } from '../billing/customer.dto.js';
import { type Fault, type FaultCode, Problem, type ProblemSlug } from '../http/problem.js';
import { effectsSeenIn, type FieldEffect, sameEffect } from './audit-changes.js';
import type { EntityTagComparison } from './entity-tags.js';
import { isAsFirstRead, type PatchDiff, showsAsked } from './patch-diff.js';
import { NO_SUCH_OPERATION } from './reverted-operations.js';

/** The outcome of a patch: the record for the trail, and the answer for the caller. */
export type PatchOutcome =
  | { readonly record: PatchRecord; readonly customer: Customer }
  | { readonly record: PatchRecord; readonly customer: undefined; readonly problem: Problem };

export interface PatchRecord extends Pick<OutcomeRecord, 'outcome' | 'status' | 'customerId'> {
  readonly effects: readonly FieldEffect[];
  /** The customer that shows the effects; undefined if they are known without it. */
  readonly seen: Customer | undefined;
}

type FailedOutcome = 'rejected' | 'not_applied' | 'unknown';

/** The part of a PatchContext that an outcome needs. */
export interface PatchOf {
  readonly operationId: string;
  readonly diff: PatchDiff;
  readonly customerId: string | null;
}

const NOTHING_SENT = 'Nothing was sent.';
const NOTHING_CHANGED = 'Nothing was changed.';
const MAY_BE_APPLIED = 'It is not known whether the change was applied.';

/** Whether an answer does not prove the outcome of the patch, so that the customer is read again. */
export function isAmbiguous({ kind }: BillingAnswer<Customer>): boolean {
  return kind === 'inconclusive' || kind === 'connection-lost' || kind === 'timed-out';
}

/** Whether a failed read shows that a patch would fail, too, so that it is not sent. */
export function stopsPatch(answer: BillingAnswer<Customer>): boolean {
  if (answer.kind === 'refused') return [401, 403, 404, 429].includes(answer.status);
  return ['unreachable', 'not-attempted', 'deadline-exceeded'].includes(answer.kind);
}

/**
 * The outcome of a patch, from the billing API's answer or failure.
 * @param seen the customer read after an ambiguous answer; undefined if it proves nothing
 */
export function outcomeOf(
  answer: BillingAnswer<Customer>,
  seen: Customer | undefined,
  patch: PatchOf,
): PatchOutcome {
  if (answer.kind === 'success') return applied(patch, answer.value);
  if (!isAmbiguous(answer)) return outcomeOfFailure(answer, patch);
  if (seen !== undefined && showsAsked(patch.diff, seen)) return applied(patch, seen);
  const stillAsRead = seen !== undefined && isAsFirstRead(patch.diff, seen);
  const mayProve = answer.kind === 'inconclusive' && (answer.ownFailure || answer.retryAfterS !== undefined);
  return stillAsRead && mayProve
    ? failed(patch, 'not_applied', reportOf(answer), NOTHING_CHANGED)
    : failed(patch, 'unknown', reportOf(answer), MAY_BE_APPLIED);
}

/** The outcome if the customer could not be read and the patch is not sent without the read. */
export function notRead(failure: BillingFailure, patch: PatchOf): PatchOutcome {
  return isAmbiguous(failure)
    ? failed(patch, 'not_applied', reportOf(failure), NOTHING_SENT)
    : outcomeOfFailure(failure, patch);
}

/** The outcome if the tenant has no token, or a rejected one: nothing is sent. */
export function withoutToken(patch: PatchOf): PatchOutcome {
  return failed(patch, 'not_applied', TOKEN_REJECTED, NOTHING_CHANGED);
}

/** The outcome if another `If-Match` patch of the customer did not finish in time. */
export function leaseTaken(patch: PatchOf): PatchOutcome {
  const detail = 'Another patch of this customer is in progress.';
  return failed(patch, 'not_applied', { slug: 'billing-unavailable', detail, retryAfterS: 1 }, NOTHING_SENT);
}

/** The outcome if the database does not answer whether the lease is free. */
export function leaseUnavailable(patch: PatchOf): PatchOutcome {
  const detail = 'The lease of this customer cannot be checked at the moment.';
  return failed(patch, 'not_applied', { slug: 'audit-unavailable', detail, retryAfterS: 5 }, NOTHING_SENT);
}

/**
 * The outcome if `If-Match` does not match. A weak tag, or a tag with a suffix, never matches: the comparison is
 * strong (RFC 9110, section 8.8.3.2).
 */
export function preconditionFailed(patch: PatchOf, { moved, altered }: EntityTagComparison): PatchOutcome {
  const errors = moved.map((field): Fault => ({
    pointer: `#/${field}`,
    code: 'changed',
    detail: 'has changed since the customer was read',
  }));
  const detail = altered
    ? 'A proxy changed the ETag in If-Match: it made the ETag weak (W/), or added a suffix such as -gzip.'
    : 'The customer does not have the state that If-Match requires.';
  return failed(patch, 'rejected', { slug: 'precondition-failed', detail }, NOTHING_SENT, errors);
}

/** The outcome if the operation that the patch undoes is another customer's: nothing is sent. */
export function revertsAnother(patch: PatchOf): PatchOutcome {
  const detail = `X-Reverts-Operation ${NO_SUCH_OPERATION.detail}.`;
  return failed(patch, 'rejected', { slug: 'validation-failed', detail }, NOTHING_SENT, [NO_SUCH_OPERATION]);
}

/** The outcome if the customer already has every requested value: nothing is sent. */
export function unchanged(patch: PatchOf, customer: Customer): PatchOutcome {
  return { record: recordSeen('unchanged', patch, customer), customer };
}

/** The outcome of a preview. */
export function previewed(patch: PatchOf, customer: Customer): PatchOutcome {
  if (patch.diff.sent.length === 0) return unchanged(patch, customer);
  const effects = sameEffect('not_applied', patch.diff);
  const ended = { outcome: 'not_applied', status: 200, customerId: customer.id } as const;
  return { record: { ...ended, effects, seen: undefined }, customer };
}

function applied(patch: PatchOf, customer: Customer): PatchOutcome {
  return { record: recordSeen('applied', patch, customer), customer };
}

function recordSeen(outcome: 'applied' | 'unchanged', { diff }: PatchOf, customer: Customer): PatchRecord {
  const effects = effectsSeenIn(diff, customer);
  return { outcome, status: 200, customerId: customer.id, effects, seen: customer };
}

/** The outcome after an answer that proves that nothing was written. */
function outcomeOfFailure(failure: BillingFailure, patch: PatchOf): PatchOutcome {
  const report = reportOf(failure);
  if (failure.kind === 'refused' && !ABOUT_THE_MOMENT.includes(failure.slug))
    return failed(patch, 'rejected', report, undefined, refusedField(report.slug, patch.diff));
  const wasSent = failure.kind === 'refused' || failure.kind === 'unreachable';
  return failed(patch, 'not_applied', report, wasSent ? NOTHING_CHANGED : NOTHING_SENT);
}

/** Refusals that are not about the change: the same patch may succeed later. */
const ABOUT_THE_MOMENT: readonly ProblemSlug[] = [
  'billing-failed',
  'billing-credentials-rejected',
  'rate-limited-by-billing',
];

/** If a patch has one field, its refusal is a fault of that field, so a form can show it there. */
function refusedField(slug: ProblemSlug, { sent }: PatchDiff): Fault[] {
  const [field, ...others] = sent;
  const code = REFUSED_FIELD[slug];
  if (field === undefined || others.length > 0 || code === undefined) return [];
  return [{ pointer: `#/${field}`, code, detail: 'was refused by the billing API' }];
}

const REFUSED_FIELD: Partial<Record<ProblemSlug, FaultCode>> = {
  conflict: 'conflict',
  'rejected-by-billing': 'rejected',
};

const EFFECTS: Record<FailedOutcome, Effect> = {
  rejected: 'not_applied',
  not_applied: 'not_applied',
  unknown: 'unverifiable',
};

/** @param meaning the effect on the change; undefined if the report says it */
function failed(
  { operationId, diff, customerId }: PatchOf,
  outcome: FailedOutcome,
  { slug, detail, retryAfterS }: FailureReport,
  meaning: string | undefined,
  errors: readonly Fault[] = [],
): PatchOutcome {
  const problem = new Problem(slug, meaning === undefined ? detail : `${detail} ${meaning}`, {
    operationId,
    outcome,
    ...(errors.length === 0 ? {} : { errors }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
  const effects = sameEffect(EFFECTS[outcome], diff);
  return {
    record: { outcome, status: problem.status, customerId, effects, seen: undefined },
    customer: undefined,
    problem,
  };
}
