import type { BillingAnswer } from '../billing/billing-answer.js';
import { Problem } from '../http/problem.js';

/** What a caller who wants to see a customer gets when the billing API shows none. */
export function readProblem(answer: Exclude<BillingAnswer, { kind: 'customer' }>): Problem {
  switch (answer.kind) {
    case 'not-sent':
      return new Problem('billing-unreachable', 'The billing API could not be reached.');
    case 'out-of-time':
      return new Problem('billing-unavailable', OUT_OF_TIME, { retryAfterS: 1 });
    case 'not-admitted':
      return unavailable(answer.retryAfterS);
    case 'timed-out':
      return new Problem('billing-timeout', 'The billing API did not answer in time.');
    case 'broken':
      return unusable();
    case 'unclear':
      return answer.retryAfterS === undefined ? unusable() : unavailable(answer.retryAfterS);
    case 'refused':
      return ofRefusal(answer);
  }
}

export const OUT_OF_TIME = 'The time for this request was over before the billing API could be asked.';

function ofRefusal({ slug, retryAfterS }: Extract<BillingAnswer, { kind: 'refused' }>): Problem {
  switch (slug) {
    case 'customer-not-found':
      return new Problem(slug, 'The billing API knows no customer of this id or alias.');
    case 'billing-credentials-rejected':
      return tokenRejected();
    case 'rate-limited-by-billing':
      return new Problem(slug, 'The billing API takes no more requests for now.', {
        retryAfterS: retryAfterS ?? 1,
      });
    default:
      return unusable();
  }
}

/** The tenant has no token, or one that the billing API does not accept. */
export function tokenRejected(): Problem {
  return new Problem('billing-credentials-rejected', "The billing API does not accept the tenant's token.");
}

function unavailable(retryAfterS: number): Problem {
  const detail = 'The billing API takes no requests at the moment.';
  return new Problem('billing-unavailable', detail, { retryAfterS });
}

function unusable(): Problem {
  return new Problem('billing-failed', 'The billing API gave no usable answer.');
}
