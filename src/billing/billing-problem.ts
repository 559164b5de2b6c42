import { Problem, type ProblemSlug } from '../http/problem.js';
import type { BillingFailure } from './billing-answer.js';

/** How a failure of the billing API is reported to a caller: one table of texts, for reads and for patches. */
export interface FailureReport {
  readonly slug: ProblemSlug;
  /** One sentence about the failure. A second sentence, about the request, may be added. */
  readonly detail: string;
  /** Seconds. */
  readonly retryAfterS?: number;
}

export function reportOf(failure: BillingFailure): FailureReport {
  switch (failure.kind) {
    case 'unreachable':
      return { slug: 'billing-unreachable', detail: 'The billing API could not be reached.' };
    case 'timed-out':
      return { slug: 'billing-timeout', detail: 'The billing API did not answer in time.' };
    case 'connection-lost':
      return { slug: 'billing-failed', detail: 'The connection to the billing API broke.' };
    case 'deadline-exceeded': {
      const detail = 'The deadline of this request passed before the billing API could be called.';
      return { slug: 'billing-unavailable', detail, retryAfterS: DEFAULT_RETRY_AFTER_S };
    }
    case 'not-attempted':
      return failure.by === 'breaker' ? unavailable(failure.retryAfterS) : crowded(failure.retryAfterS);
    case 'inconclusive':
      return failure.retryAfterS === undefined ? unusable() : unavailable(failure.retryAfterS);
    case 'refused':
      return reportOfRefusal(failure);
  }
}

/** The tenant has no token, or one that the billing API does not accept. */
export const TOKEN_REJECTED = {
  slug: 'billing-credentials-rejected',
  detail: 'The tenant has no token that the billing API accepts.',
} as const satisfies FailureReport;

/** For a caller who reads a customer. An error of the billing API about a value is not the caller's fault. */
export function readProblem(failure: BillingFailure): Problem {
  return problemUnless(['rejected-by-billing', 'conflict'], failure);
}

/** For a caller of the list. The values are the caller's own, and no single customer is requested. */
export function listProblem(failure: BillingFailure): Problem {
  return problemUnless(['customer-not-found', 'conflict'], failure);
}

/** @param unfitting problems that can't be an answer to the request */
function problemUnless(unfitting: readonly ProblemSlug[], failure: BillingFailure): Problem {
  const report = reportOf(failure);
  return problemOf(unfitting.includes(report.slug) ? unusable() : report);
}

export function problemOf({ slug, detail, retryAfterS }: FailureReport): Problem {
  return new Problem(slug, detail, retryAfterS === undefined ? {} : { retryAfterS });
}

/** Seconds, if the billing API asks to slow down without a time. */
const DEFAULT_RETRY_AFTER_S = 1;

function reportOfRefusal({
  slug,
  message,
  retryAfterS,
}: Extract<BillingFailure, { kind: 'refused' }>): FailureReport {
  switch (slug) {
    case 'billing-credentials-rejected':
      return TOKEN_REJECTED;
    case 'customer-not-found':
      return { slug, detail: 'The billing API has no customer with this id or alias.' };
    case 'billing-failed':
      return { slug, detail: 'The 404 did not come from the billing API itself.' };
    case 'rate-limited-by-billing': {
      const detail = 'The billing API accepts no more requests for now.';
      return { slug, detail, retryAfterS: retryAfterS ?? DEFAULT_RETRY_AFTER_S };
    }
    case 'conflict':
      return { slug, detail: message ?? 'The change conflicts with another customer.' };
    default:
      return { slug, detail: message ?? 'The billing API refused the request without saying why.' };
  }
}

function unavailable(retryAfterS: number): FailureReport {
  const detail = 'The billing API accepts no requests at the moment.';
  return { slug: 'billing-unavailable', detail, retryAfterS };
}

/** Operations in progress may wait for the database, so this says nothing about the billing API. */
function crowded(retryAfterS: number): FailureReport {
  const detail = 'Too many requests to the billing API are in progress.';
  return { slug: 'billing-unavailable', detail, retryAfterS };
}

function unusable(): FailureReport {
  return { slug: 'billing-failed', detail: "The billing API's answer is not usable." };
}
