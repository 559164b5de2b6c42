import type { Ending } from '../audit/audit-trail.js';
import type { Customer } from '../billing/customer.dto.js';
import type { PatchAnswer } from '../billing/patch-answer.js';
import { Problem, type ProblemSlug } from '../http/problem.js';
import { CUSTOMER_ID } from './dto/contract-values.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { changesSeenIn, changesWith } from './patch-changes.js';

/** How a patch ended: what the trail keeps, and what the caller gets. */
export type PatchEnd =
  | { readonly record: EndRecord; readonly customer: Customer }
  | { readonly record: EndRecord; readonly customer: undefined; readonly problem: Problem };

type EndRecord = Omit<Ending, 'upstream' | 'credential'>;

/** What the billing API's answer, or the lack of one, means for the caller and the trail. */
export function endOf(
  answer: PatchAnswer,
  patch: PatchCustomerDto,
  operationId: string,
  ref: string,
): PatchEnd {
  const failed = (
    outcome: FailedOutcome,
    slug: ProblemSlug,
    detail: string,
    retryAfterS?: number,
  ): PatchEnd => {
    const problem = new Problem(slug, detail, {
      operationId,
      outcome,
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    });
    const changes = changesWith(outcome === 'unknown' ? 'unverifiable' : 'not_applied', patch);
    return {
      record: { outcome, status: problem.status, customerId: null, changes },
      customer: undefined,
      problem,
    };
  };
  switch (answer.kind) {
    case 'customer': {
      const { customer } = answer;
      if (!isAbout(customer, ref)) {
        return failed(
          'unknown',
          'billing-failed',
          `The billing API answered with another customer. ${MAY_BE_APPLIED}`,
        );
      }
      const changes = changesSeenIn(customer, patch);
      return { record: { outcome: 'applied', status: 200, customerId: customer.id, changes }, customer };
    }
    case 'refused':
      return failed(
        OUTCOME_OF_REFUSAL[answer.slug] ?? 'rejected',
        answer.slug,
        detailOfRefusal(answer),
        answer.slug === 'rate-limited-by-billing' ? (answer.retryAfterS ?? DEFAULT_RETRY_AFTER_S) : undefined,
      );
    case 'unclear':
      return failed('unknown', 'billing-failed', `The billing API gave no usable answer. ${MAY_BE_APPLIED}`);
    case 'broken':
      return failed(
        'unknown',
        'billing-failed',
        `The connection to the billing API broke. ${MAY_BE_APPLIED}`,
      );
    case 'timed-out':
      return failed(
        'unknown',
        'billing-timeout',
        `The billing API did not answer in time. ${MAY_BE_APPLIED}`,
      );
    case 'not-sent':
      return failed(
        'not_applied',
        'billing-unreachable',
        'The billing API could not be reached; nothing was changed.',
      );
  }
}

/** By alias it can't be told. Ids are numbers without padding (U13), but a caller may have padded one. */
function isAbout({ id }: Customer, ref: string): boolean {
  const number = (text: string): string => text.replace(/^cus_0*/, '');
  return !CUSTOMER_ID.test(ref) || number(id) === number(ref);
}

/** The tenant has no token, or the billing API rejects the one it has: nothing is sent. */
export function endWithoutToken(patch: PatchCustomerDto, operationId: string, ref: string): PatchEnd {
  const refused = { kind: 'refused', status: 401, slug: 'billing-credentials-rejected' } as const;
  return endOf({ ...refused, message: undefined, retryAfterS: undefined }, patch, operationId, ref);
}

type FailedOutcome = 'rejected' | 'not_applied' | 'unknown';

const MAY_BE_APPLIED = 'Whether the change was applied is not known.';

/** Seconds, when the billing API asks to slow down without saying for how long. */
const DEFAULT_RETRY_AFTER_S = 1;

/** A refusal is about the change, unless it is about us or the moment: then the same patch may pass later. */
const OUTCOME_OF_REFUSAL: Partial<Record<ProblemSlug, FailedOutcome>> = {
  'billing-credentials-rejected': 'not_applied',
  'rate-limited-by-billing': 'not_applied',
};

function detailOfRefusal({ slug, message }: { slug: ProblemSlug; message: string | undefined }): string {
  switch (slug) {
    case 'billing-credentials-rejected':
      return "The billing API does not accept the tenant's token; nothing was changed.";
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
