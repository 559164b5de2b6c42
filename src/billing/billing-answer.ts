import type { ProblemSlug } from '../http/problem.js';
import type { Customer } from './customer.dto.js';
import { readCustomer, undocumentedFields } from './read-customer.js';
import { refusalMessage } from './refusal-message.js';
import { retryAfterSeconds } from './retry-after.js';

/** How one request to the billing API ended, as far as its answer, or the lack of one, tells. */
export type BillingAnswer =
  | {
      readonly kind: 'customer';
      readonly status: number;
      readonly customer: Customer;
      /** Names of top-level fields that the contract does not have, as they came. */
      readonly undocumented: readonly string[];
    }
  /**
   * A documented refusal: nothing was written. `message` is for the caller only. A 404 that is not in the billing
   * API's own shape is one, too (`billing-failed`): a gateway's, or another server's, which says nothing of a customer.
   */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly slug: ProblemSlug;
      readonly message: string | undefined;
      readonly retryAfterS: number | undefined;
    }
  /** A 5xx, or an answer that can't be read: it may have been applied. */
  | {
      readonly kind: 'unclear';
      readonly status: number;
      /** A complete 500 in the billing API's own error shape: no gateway's, and nothing that lands later. */
      readonly ownFailure: boolean;
      readonly retryAfterS: number | undefined;
    }
  /** No complete answer; it may have been applied. */
  | { readonly kind: 'broken' | 'timed-out' }
  /** It never reached the billing API. */
  | { readonly kind: 'not-sent' }
  /** The time for it was over before it could be sent. */
  | { readonly kind: 'out-of-time' }
  /** We did not let it out: the breaker is open, or too many are under way. */
  | { readonly kind: 'not-admitted'; readonly retryAfterS: number };

export interface WireAnswer {
  /** False when it was cut off: its status and headers are known, its body is not. */
  readonly complete: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** At most 1 MiB. */
  readonly text: string;
}

/**
 * Reads an answer without trusting any of it (U10–U12).
 * @param now milliseconds since the epoch
 * @param secret the token that was sent, should the answer repeat it
 */
export function readAnswer(
  { complete, status, headers, text }: WireAnswer,
  { now, secret }: { readonly now: number; readonly secret: string },
): BillingAnswer {
  const json = parseJson(text);
  const customer = status === 200 ? readCustomer(json) : undefined;
  if (customer !== undefined)
    return { kind: 'customer', status, customer, undocumented: undocumentedFields(json, customer) };
  const retryAfterS = retryAfterSeconds(headers['retry-after'], now);
  const slug = status === 404 && !isOwnError(json, 'NOT_FOUND') ? 'billing-failed' : REFUSALS[status];
  if (slug !== undefined)
    return { kind: 'refused', status, slug, message: refusalMessage(json, secret), retryAfterS };
  const ownFailure = complete && status === 500 && isOwnError(json, 'INTERNAL_SERVER_ERROR');
  return { kind: 'unclear', status, ownFailure, retryAfterS: status === 503 ? retryAfterS : undefined };
}

/** The billing API's own error shape (U10). */
function isOwnError(json: unknown, code: string): boolean {
  if (typeof json !== 'object' || json === null || !('code' in json) || !('message' in json)) return false;
  return json.code === code && typeof json.message === 'string';
}

/** The refusals that the billing API is known to give (U10). Any other status proves nothing. */
const REFUSALS: Partial<Record<number, ProblemSlug>> = {
  400: 'rejected-by-billing',
  401: 'billing-credentials-rejected',
  403: 'billing-credentials-rejected',
  404: 'customer-not-found',
  409: 'conflict',
  415: 'rejected-by-billing',
  422: 'rejected-by-billing',
  429: 'rate-limited-by-billing',
};

/** Half a surrogate pair is no character: nothing could store it, nor say it on. */
function parseJson(text: string): unknown {
  try {
    return SURROGATE.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const SURROGATE = /\\u[dD][89a-fA-F]/;

function wellFormed(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
