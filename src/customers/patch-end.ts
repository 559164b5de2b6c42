import type { Effect } from '../audit/audit-event.js';
import type { Ending } from '../audit/audit-acts.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import type { Customer } from '../billing/customer.dto.js';
import {
  type Fault,
  type FaultCode,
  Problem,
  type ProblemOptions,
  type ProblemSlug,
} from '../http/problem.js';
import { changesSeenIn, changesWith, clearChanges } from './effects.js';
import { OUT_OF_TIME } from './read-problem.js';
import { isAsFirstRead, type PatchPlan, showsAsked } from './patch-plan.js';

/** How a patch ended: what the trail keeps, and what the caller gets. */
export type PatchEnd =
  | { readonly record: EndRecord; readonly customer: Customer }
  | { readonly record: EndRecord; readonly customer: undefined; readonly problem: Problem };

export type EndRecord = Omit<Ending, 'upstream' | 'credential'>;

type FailedOutcome = 'rejected' | 'not_applied' | 'unknown' | 'unverifiable';

/** The patch that ends. */
export interface EndingPatch {
  readonly operationId: string;
  readonly plan: PatchPlan;
  /** Null while it is not known. */
  readonly customerId: string | null;
}

/** Whether an answer leaves open what became of the patch, so that it is worth a look. */
export function isAmbiguous({ kind }: BillingAnswer): boolean {
  return kind === 'unclear' || kind === 'broken' || kind === 'timed-out';
}

/** Whether a read that showed no customer says that a patch would fare no better, so that it is not sent. */
export function stopsPatch(answer: BillingAnswer): boolean {
  if (answer.kind === 'refused') return [401, 403, 404, 429].includes(answer.status);
  return answer.kind === 'not-sent' || answer.kind === 'not-admitted' || answer.kind === 'out-of-time';
}

/**
 * What the billing API's answer to a patch, or the lack of one, means for the caller and the trail.
 * @param seen the customer as read after an ambiguous answer; undefined when that proves nothing
 */
export function ofAnswer(answer: BillingAnswer, seen: Customer | undefined, patch: EndingPatch): PatchEnd {
  if (answer.kind === 'customer') return applied(patch, answer.customer);
  const clear = ofRefusal(answer, patch);
  if (clear !== undefined) return clear;
  if (seen !== undefined && showsAsked(patch.plan, seen)) return applied(patch, seen);
  const stillAsRead = seen !== undefined && isAsFirstRead(patch.plan, seen);
  return answer.kind === 'unclear' && stillAsRead && (answer.ownFailure || answer.retryAfterS !== undefined)
    ? unclear('not_applied', answer, patch, NOTHING_CHANGED)
    : unclear('unknown', answer, patch, MAY_BE_APPLIED);
}

/** What it means that the read before a patch, which could not do without, ended like this: nothing was sent. */
export function ofRead(answer: BillingAnswer, patch: EndingPatch): PatchEnd {
  const clear = ofRefusal(answer, patch);
  if (clear !== undefined) return clear;
  return unclear('not_applied', answer, patch, 'Nothing was sent.');
}

/** The tenant has no token, or the billing API rejects the one it has: nothing is sent. */
export function withoutToken(patch: EndingPatch): PatchEnd {
  return failed(patch, 'not_applied', 'billing-credentials-rejected', TOKEN_REJECTED);
}

/** Everything that was asked for is there already: nothing is sent. */
export function unchanged({ plan }: EndingPatch, customer: Customer): PatchEnd {
  const changes = changesSeenIn(plan, customer);
  const values = clearChanges(plan, customer);
  return {
    record: { outcome: 'unchanged', status: 200, customerId: customer.id, changes, values },
    customer,
  };
}

/** It was only looked at. */
export function previewed(patch: EndingPatch, customer: Customer): PatchEnd {
  if (patch.plan.sent.length === 0) return unchanged(patch, customer);
  const changes = changesWith('not_applied', patch.plan);
  const values = clearChanges(patch.plan);
  return {
    record: { outcome: 'not_applied', status: 200, customerId: customer.id, changes, values },
    customer,
  };
}

/** Another `If-Match` patch of the customer did not end in time. */
export function busy(patch: EndingPatch): PatchEnd {
  const detail = 'Another patch of this customer is under way; nothing was sent.';
  return failed(patch, 'not_applied', 'billing-unavailable', detail, { retryAfterS: DEFAULT_RETRY_AFTER_S });
}

/** The database does not say whether another `If-Match` patch of the customer is under way. */
export function withoutLease(patch: EndingPatch): PatchEnd {
  const detail = 'Other patches of this customer cannot be held back at the moment; nothing was sent.';
  return failed(patch, 'not_applied', 'audit-unavailable', detail, { retryAfterS: 5 });
}

/**
 * `If-Match` does not hold.
 * @param moved names of the fields that did, where the tag tells
 * @param altered whether a tag of ours was weakened or suffixed on its way: strong comparison (RFC 9110, section 8.8.3.2)
 * fails whatever the customer is like
 */
export function preconditionFailed(patch: EndingPatch, moved: readonly string[], altered: boolean): PatchEnd {
  const errors = moved.map((field): Fault => ({
    pointer: `#/${field}`,
    code: 'changed',
    detail: 'has changed since the customer was read',
  }));
  const detail = altered
    ? 'A proxy changed the ETag that If-Match names: made it weak (W/), or added a suffix such as -gzip. Nothing was sent.'
    : 'The customer is not as If-Match expects it; nothing was sent.';
  return failed(patch, 'rejected', 'precondition-failed', detail, errors.length === 0 ? {} : { errors });
}

/** What every answer means that says for itself that nothing was written; undefined for any other. */
function ofRefusal(answer: BillingAnswer, patch: EndingPatch): PatchEnd | undefined {
  switch (answer.kind) {
    case 'refused':
      return failed(patch, OUTCOME_OF_REFUSAL[answer.slug] ?? 'rejected', answer.slug, detailOf(answer), {
        ...refusedField(answer.slug, patch.plan),
        ...(answer.slug === 'rate-limited-by-billing'
          ? { retryAfterS: answer.retryAfterS ?? DEFAULT_RETRY_AFTER_S }
          : {}),
      });
    case 'not-sent':
      return failed(patch, 'not_applied', 'billing-unreachable', UNREACHABLE);
    case 'out-of-time': {
      const detail = `${OUT_OF_TIME} Nothing was sent.`;
      return failed(patch, 'not_applied', 'billing-unavailable', detail, {
        retryAfterS: DEFAULT_RETRY_AFTER_S,
      });
    }
    case 'not-admitted': {
      const { retryAfterS } = answer;
      return failed(patch, 'not_applied', 'billing-unavailable', UNAVAILABLE, { retryAfterS });
    }
    default:
      return undefined;
  }
}

/** A refusal of one field is a fault of that field: a form can show it where it belongs. */
function refusedField(slug: ProblemSlug, { sent }: PatchPlan): Pick<ProblemOptions, 'errors'> {
  const [field, ...others] = sent;
  const code = REFUSED_FIELD[slug];
  if (field === undefined || others.length > 0 || code === undefined) return {};
  return { errors: [{ pointer: `#/${field}`, code, detail: 'was refused by the billing API' }] };
}

const REFUSED_FIELD: Partial<Record<ProblemSlug, FaultCode>> = {
  conflict: 'conflict',
  'rejected-by-billing': 'rejected',
};

function applied({ plan }: EndingPatch, customer: Customer): PatchEnd {
  const changes = changesSeenIn(plan, customer);
  const values = clearChanges(plan, customer);
  return { record: { outcome: 'applied', status: 200, customerId: customer.id, changes, values }, customer };
}

function failed(
  { operationId, plan, customerId }: EndingPatch,
  outcome: FailedOutcome,
  slug: ProblemSlug,
  detail: string,
  options: ProblemOptions = {},
): PatchEnd {
  const problem = new Problem(slug, detail, { ...options, operationId, outcome });
  const changes = changesWith(EFFECTS[outcome], plan);
  const values = clearChanges(plan);
  const record = { outcome, status: problem.status, customerId, changes, values };
  return { record, customer: undefined, problem };
}

const EFFECTS: Record<FailedOutcome, Effect> = {
  rejected: 'not_applied',
  not_applied: 'not_applied',
  unknown: 'unverifiable',
  unverifiable: 'unverifiable',
};

/** After an answer that says nothing of the patch. "Come back later" is passed on whatever became of it. */
function unclear(
  outcome: 'not_applied' | 'unknown',
  answer: BillingAnswer,
  patch: EndingPatch,
  meaning: string,
): PatchEnd {
  const retryAfterS = answer.kind === 'unclear' ? answer.retryAfterS : undefined;
  const detail = `${whatHappened(answer)} ${meaning}`;
  if (retryAfterS !== undefined)
    return failed(patch, outcome, 'billing-unavailable', detail, { retryAfterS });
  return failed(patch, outcome, answer.kind === 'timed-out' ? 'billing-timeout' : 'billing-failed', detail);
}

function whatHappened(answer: BillingAnswer): string {
  if (answer.kind === 'timed-out') return 'The billing API did not answer in time.';
  if (answer.kind === 'broken') return 'The connection to the billing API broke.';
  return answer.kind === 'unclear' && answer.retryAfterS !== undefined
    ? 'The billing API takes no requests for now.'
    : 'The billing API gave no usable answer.';
}

const NOTHING_CHANGED = 'Nothing was changed.';
const MAY_BE_APPLIED = 'Whether the change was applied is not known.';
const TOKEN_REJECTED = "The billing API does not accept the tenant's token; nothing was changed.";
const UNREACHABLE = 'The billing API could not be reached; nothing was changed.';
const UNAVAILABLE = 'The billing API takes no more requests from here at the moment; nothing was sent.';

/** Seconds, when the billing API asks to slow down without saying for how long. */
const DEFAULT_RETRY_AFTER_S = 1;

/** A refusal is about the change, unless it is about us or the moment: then the same patch may pass later. */
const OUTCOME_OF_REFUSAL: Partial<Record<ProblemSlug, FailedOutcome>> = {
  'billing-failed': 'not_applied',
  'billing-credentials-rejected': 'not_applied',
  'rate-limited-by-billing': 'not_applied',
};

function detailOf({ slug, message }: { slug: ProblemSlug; message: string | undefined }): string {
  switch (slug) {
    case 'billing-credentials-rejected':
      return TOKEN_REJECTED;
    case 'billing-failed':
      return 'Something else than the billing API answered 404; nothing was changed.';
    case 'customer-not-found':
      return 'The billing API knows no customer of this id or alias.';
    case 'rate-limited-by-billing':
      return 'The billing API takes no more requests for now; nothing was changed.';
    case 'conflict':
      return message ?? 'The billing API refused the change: it conflicts with another customer.';
    default:
      return message ?? 'The billing API refused the change without saying why.';
  }
}
