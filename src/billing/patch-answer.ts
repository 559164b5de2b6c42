import type { ProblemSlug } from '../http/problem.js';
import { type Customer, readCustomer } from './customer.dto.js';
import { retryAfterSeconds } from './retry-after.js';

/** How one PATCH of the billing API ended, as far as its answer, or the lack of one, tells. */
export type PatchAnswer =
  | { readonly kind: 'customer'; readonly status: number; readonly customer: Customer }
  /** A documented refusal: nothing was written. `message` is for the caller only. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly slug: ProblemSlug;
      readonly message: string | undefined;
      readonly retryAfterS: number | undefined;
    }
  /** A 5xx, or an answer that can't be read: it may have been applied. */
  | { readonly kind: 'unclear'; readonly status: number }
  /** No complete answer; it may have been applied. */
  | { readonly kind: 'broken' | 'timed-out' }
  /** It never reached the billing API. */
  | { readonly kind: 'not-sent' };

export interface WireAnswer {
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
export function readPatchAnswer(
  { status, headers, text }: WireAnswer,
  { now, secret }: { readonly now: number; readonly secret: string },
): PatchAnswer {
  if (status === 200) {
    const customer = readCustomer(parseJson(text));
    return customer === undefined ? { kind: 'unclear', status } : { kind: 'customer', status, customer };
  }
  const slug = REFUSALS[status];
  if (slug === undefined) return { kind: 'unclear', status };
  return {
    kind: 'refused',
    status,
    slug,
    message: messageOf(parseJson(text), secret),
    retryAfterS: retryAfterSeconds(headers['retry-after'], now),
  };
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

const MAX_MESSAGE_LENGTH = 500;

/** The `message` of the billing API's own error shape, as plain text; a text/plain answer has none. */
function messageOf(answer: unknown, secret: string): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('message' in answer)) return undefined;
  const { message } = answer;
  if (typeof message !== 'string') return undefined;
  const plain = message
    .toWellFormed()
    .replaceAll(secret, '[redacted]')
    .replace(/\p{Cc}+/gu, ' ');
  return Array.from(plain).slice(0, MAX_MESSAGE_LENGTH).join('').trim() || undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
