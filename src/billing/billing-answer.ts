import { parseJson } from '../http/exact-json.js';
import type { ProblemSlug } from '../http/problem.js';
import { refusalMessage } from './refusal-message.js';
import { retryAfterSeconds } from './retry-after.js';

/** The result of one request to the billing API, as far as its answer, or the missing answer, shows. */
export type BillingAnswer<Value> =
  /** The documented answer. */
  | {
      readonly kind: 'success';
      readonly status: number;
      readonly value: Value;
      /** Names of undocumented fields, as received (U12). */
      readonly undocumented: readonly string[];
    }
  | BillingFailure;

export type BillingFailure =
  /**
   * A documented refusal: nothing was written. `message` is for the caller only. A 404 without the billing API's own
   * error shape is also one (`billing-failed`): it comes from a gateway or another server and says nothing about a
   * customer.
   */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly slug: ProblemSlug;
      readonly message: string | undefined;
      readonly retryAfterS: number | undefined;
    }
  /** A 5xx, or an answer that cannot be read: the request may have been carried out. */
  | {
      readonly kind: 'inconclusive';
      readonly status: number;
      /**
       * A complete 500 in the billing API's own error shape: it does not come from a gateway, and the request has no
       * later effect.
       */
      readonly ownFailure: boolean;
      readonly retryAfterS: number | undefined;
    }
  /** No complete answer: the request may have been carried out. */
  | { readonly kind: 'connection-lost' | 'timed-out' }
  /** No connection: the request was not received. */
  | { readonly kind: 'unreachable' }
  /** The deadline passed before the request could be sent. */
  | { readonly kind: 'deadline-exceeded' }
  /** Not sent: the breaker is open, or the bulkhead is full. */
  | { readonly kind: 'not-attempted'; readonly by: 'breaker' | 'bulkhead'; readonly retryAfterS: number };

/** An HTTP answer as received. */
export interface WireAnswer {
  /** False if it was cut off: its status and headers are known, but not its body. */
  readonly complete: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** At most 1 MiB. */
  readonly text: string;
}

export interface ReadOptions<Value> {
  /** The value of a 200 with this parsed body; undefined if the body does not match the contract. */
  readonly parse: (body: unknown) => Parsed<Value> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The token that was sent; an answer may repeat it. */
  readonly secret: string;
}

export interface Parsed<Value> {
  readonly value: Value;
  readonly undocumented: readonly string[];
}

/** Reads an answer without trusting it (U10–U12). */
export function readAnswer<Value>(
  { complete, status, headers, text }: WireAnswer,
  { parse, now, secret }: ReadOptions<Value>,
): BillingAnswer<Value> {
  const body = jsonOf(text);
  const parsed = status === 200 ? parse(body) : undefined;
  if (parsed !== undefined) return { kind: 'success', status, ...parsed };
  const retryAfterS = retryAfterSeconds(headers['retry-after'], now);
  const slug = status === 404 && !isOwnError(body, 'NOT_FOUND') ? 'billing-failed' : REFUSALS[status];
  if (slug !== undefined)
    return { kind: 'refused', status, slug, message: refusalMessage(body, secret), retryAfterS };
  const ownFailure = complete && status === 500 && isOwnError(body, 'INTERNAL_SERVER_ERROR');
  return { kind: 'inconclusive', status, ownFailure, retryAfterS: status === 503 ? retryAfterS : undefined };
}

/** The billing API's own error shape (U10). */
function isOwnError(body: unknown, code: string): boolean {
  if (typeof body !== 'object' || body === null || !('code' in body) || !('message' in body)) return false;
  return body.code === code && typeof body.message === 'string';
}

/** The known refusals of the billing API (U10). Any other status proves nothing. */
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

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
