import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { ExponentialBackoff, handleType, retry } from 'cockatiel';
import { Config } from '../config/config.js';
import { type TraceContext, traceparentOf } from '../http/trace-context.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { VERSION } from '../runtime/version.js';
import type { BillingToken } from '../tenants/billing-token.js';
import { type PatchAnswer, readPatchAnswer, type WireAnswer } from './patch-answer.js';
import { CutOff, NotSent } from './transport.js';

export interface PatchRequest {
  /** The tenant's billing API, without a slash at the end. */
  readonly billingApiUrl: string;
  readonly token: BillingToken;
  /** Id or alias, decoded. */
  readonly customerRef: string;
  /** Sent as it is, as JSON. */
  readonly body: object;
  /** Sent as `Idempotency-Key`. */
  readonly operationId: string;
  readonly requestId: string;
  readonly trace: TraceContext;
  /** When the whole request has to be over, in milliseconds since the epoch. */
  readonly deadline: number;
}

export interface PatchResult {
  readonly answer: PatchAnswer;
  readonly attempts: number;
  readonly durationMs: number;
}

/** How often a request that never left is tried in all. */
const MAX_ATTEMPTS = 3;

/** The billing API. The only file that knows its URLs and the headers it gets. */
@Injectable()
export class BillingClient {
  constructor(
    private readonly http: HttpService,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** Sends the patch once; again only when it provably never left. Never throws for what the other side does. */
  async patchCustomer(request: PatchRequest): Promise<PatchResult> {
    const startedAt = this.clock.now();
    let attempts = 0;
    const answer = await this.answerOf(() => {
      attempts += 1;
      return this.attempt(request);
    });
    return { answer, attempts, durationMs: this.clock.now() - startedAt };
  }

  private async answerOf(attempt: () => Promise<PatchAnswer>): Promise<PatchAnswer> {
    try {
      return await retryUnsent.execute(attempt);
    } catch (error) {
      if (error instanceof NotSent) return { kind: 'not-sent' };
      throw error;
    }
  }

  /** @throws NotSent */
  private async attempt(request: PatchRequest): Promise<PatchAnswer> {
    const budget = Math.min(this.config.billing.timeoutMs, request.deadline - this.clock.now());
    if (budget <= 0) throw new NotSent('no time left');
    const timeout = new AbortController();
    const cancel = this.clock.after(budget, () => {
      timeout.abort();
    });
    let wire: WireAnswer;
    try {
      const response = await this.http.axiosRef.request<string>({
        url: customerUrl(request),
        method: 'PATCH',
        headers: this.headersOf(request),
        data: JSON.stringify(request.body),
        signal: timeout.signal,
      });
      wire = { status: response.status, headers: response.headers, text: response.data };
    } catch (error) {
      if (error instanceof NotSent) throw error;
      // A failure's status alone says what was done; of a success it takes the whole answer.
      const failure = error instanceof CutOff && error.status >= 400 ? error : undefined;
      if (failure === undefined) return { kind: timeout.signal.aborted ? 'timed-out' : 'broken' };
      wire = { status: failure.status, headers: failure.headers, text: '' };
    } finally {
      cancel();
    }
    return readPatchAnswer(wire, { now: this.clock.now(), secret: request.token.reveal() });
  }

  /** Built from nothing: no header of the caller passes through. */
  private headersOf({ token, requestId, trace, operationId }: PatchRequest): Record<string, string> {
    return {
      Authorization: `Bearer ${token.reveal()}`,
      'Content-Type': 'application/json',
      Accept: 'application/json',
      'User-Agent': `billing-bff/${VERSION}`,
      'X-Request-Id': requestId,
      traceparent: traceparentOf(trace, this.ids),
      'Idempotency-Key': operationId,
    };
  }
}

const retryUnsent = retry(handleType(NotSent), {
  maxAttempts: MAX_ATTEMPTS - 1,
  backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 }),
});

/** Below the tenant's own address whatever the reference is: it is one encoded segment, and never `.` or `..`. */
function customerUrl({ billingApiUrl, customerRef }: PatchRequest): string {
  return `${billingApiUrl}/api/v1/customers/${encodeURIComponent(customerRef)}`;
}
