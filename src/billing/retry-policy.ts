import type { Ids } from '../runtime/ids.js';
import type { BillingAnswer } from './billing-answer.js';

/** The reasons for a retry. */
export type RetryReason = 'unreachable' | 'token-refused' | 'retry-after';

/** Maximum retries of one request. `BillingClient.send` adds the deadline, `CustomersService` an unchanged customer. */
const RETRY_LIMITS: Readonly<Record<RetryReason, number>> = {
  /** The request was not received. */
  unreachable: 2,
  /** 401 or 403: nothing was written, and the tenant may have a newer token. So callers do not notice a rotation. */
  'token-refused': 1,
  /** 429, or 503 with `Retry-After`: the billing API says when to try again. */
  'retry-after': 1,
};

/** Maximum milliseconds of the first pause after `unreachable`. The maximum doubles for each further pause. */
const FIRST_PAUSE = 100;

/** Milliseconds that must be left after a pause; otherwise there is no retry. */
export const MIN_TIME_LEFT = 250;

export interface Retry {
  readonly reason: RetryReason;
  readonly pauseMs: number;
}

/** The retries of one request. */
export class Retries {
  private readonly counts = new Map<RetryReason, number>();

  constructor(private readonly ids: Ids) {}

  /** Counts a retry if the answer is a reason for one and the limit allows it; otherwise undefined. */
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
