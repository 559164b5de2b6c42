import type { Ids } from '../runtime/ids.js';
import type { BillingAnswer } from './billing-answer.js';

/** Why a request may be sent again. */
export type RetryReason = 'unreachable' | 'token-refused' | 'retry-after';

/** How often one request is sent again for each reason, at most. Any other answer is final. */
export const RETRY_LIMITS: Readonly<Record<RetryReason, number>> = {
  /** It was not received. */
  unreachable: 2,
  /** 401 or 403: nothing was written, and the tenant may have a newer token. That is how a rotation goes unnoticed. */
  'token-refused': 1,
  /** 429, or 503 with `Retry-After`: the billing API says when to come back. */
  'retry-after': 1,
};

/** Milliseconds of the first pause after `unreachable`, at most; each further one may be twice as long. */
const FIRST_PAUSE = 100;

/** Milliseconds that have to be left after a pause for it to be worth while. */
export const MIN_TIME_LEFT = 250;

export interface Retry {
  readonly reason: RetryReason;
  readonly pauseMs: number;
}

/** The retries of one request. */
export class Retries {
  private readonly counts = new Map<RetryReason, number>();

  constructor(private readonly ids: Ids) {}

  /** Counts a retry, if the answer calls for one and its limit allows it; undefined otherwise. */
  after(answer: BillingAnswer<unknown>): Retry | undefined {
    const reason = reasonFor(answer);
    if (reason === undefined) return undefined;
    const count = this.counts.get(reason) ?? 0;
    this.counts.set(reason, count + 1);
    return count < RETRY_LIMITS[reason] ? { reason, pauseMs: this.pauseAfter(answer, count) } : undefined;
  }

  private pauseAfter(answer: BillingAnswer<unknown>, count: number): number {
    if (answer.kind === 'unreachable') return this.ids.jitter(FIRST_PAUSE * 2 ** count);
    return 1_000 * (retryAfterOf(answer) ?? 0);
  }
}

function reasonFor(answer: BillingAnswer<unknown>): RetryReason | undefined {
  if (answer.kind === 'unreachable') return 'unreachable';
  if (answer.kind === 'refused' && answer.slug === 'billing-credentials-rejected') return 'token-refused';
  return retryAfterOf(answer) === undefined ? undefined : 'retry-after';
}

/** Seconds. */
function retryAfterOf(answer: BillingAnswer<unknown>): number | undefined {
  if (answer.kind === 'inconclusive') return answer.retryAfterS;
  return answer.kind === 'refused' && answer.status === 429 ? answer.retryAfterS : undefined;
}
