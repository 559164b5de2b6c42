import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { CUSTOMER_ID } from './customer-id.js';
import { type TraceContext, traceparentOf } from '../http/trace-context.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { VERSION } from '../runtime/version.js';
import type { BillingToken } from '../tenants/billing-token.js';
import { Admission } from './admission.js';
import { type BillingAnswer, readAnswer, type WireAnswer } from './billing-answer.js';
import type { Customer } from './customer.dto.js';
import { CutOff, NotSent, TimedOut } from './transport.js';

export interface BillingRequest {
  readonly tenantId: string;
  /** The tenant's billing API, without a slash at the end. */
  readonly billingApiUrl: string;
  readonly token: BillingToken;
  /** Id or alias, decoded. */
  readonly customerRef: string;
  readonly requestId: string;
  readonly trace: TraceContext;
  /** How long it may take, in milliseconds; BILLING_API_TIMEOUT_MS bounds it as well. */
  readonly budgetMs: number;
}

/** What a PATCH has besides. */
export interface Patch {
  /** Sent as it is, as JSON. */
  readonly body: object;
  /** Sent as `Idempotency-Key`. */
  readonly operationId: string;
}

/** The billing API. The only file that knows its URLs and the headers it gets. */
@Injectable()
export class BillingClient {
  /** An attempt with less time than this says nothing about the billing API when it runs out. */
  private readonly fairBudgetMs: number;

  constructor(
    private readonly http: HttpService,
    private readonly admission: Admission,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {
    const { timeoutMs, deadlineMs } = config.billing;
    this.fairBudgetMs = Math.min(timeoutMs, deadlineMs / 3) / 2;
  }

  /** Reads the customer once. Never throws for what the other side does. */
  readCustomer(request: BillingRequest): Promise<BillingAnswer> {
    return this.send(request, undefined);
  }

  /** Sends the patch once. Never throws for what the other side does. */
  patchCustomer(request: BillingRequest, patch: Patch): Promise<BillingAnswer> {
    return this.send(request, patch);
  }

  private async send(request: BillingRequest, patch: Patch | undefined): Promise<BillingAnswer> {
    const budgetMs = Math.min(this.config.billing.timeoutMs, request.budgetMs);
    if (budgetMs <= 0) return { kind: 'out-of-time' };
    const door = {
      tenantId: request.tenantId,
      origin: new URL(request.billingApiUrl).origin,
      fair: budgetMs >= this.fairBudgetMs,
    };
    const sent = await this.admission.admit(door, () => this.attempt(request, patch, budgetMs));
    // Hardly any time was left for a connection: that says nothing about the billing API.
    const answer: BillingAnswer = sent.kind === 'not-sent' && !door.fair ? { kind: 'out-of-time' } : sent;
    if (answer.kind !== 'customer' || isAbout(answer.customer, request.customerRef)) return answer;
    return { kind: 'unclear', status: answer.status, ownFailure: false, retryAfterS: undefined };
  }

  private async attempt(
    request: BillingRequest,
    patch: Patch | undefined,
    budgetMs: number,
  ): Promise<BillingAnswer> {
    let wire: WireAnswer;
    try {
      const response = await this.http.axiosRef.request<string>({
        url: customerUrl(request),
        method: patch === undefined ? 'GET' : 'PATCH',
        headers: this.headersOf(request, patch),
        ...(patch === undefined ? {} : { data: JSON.stringify(patch.body) }),
        timeout: budgetMs,
      });
      const { status, headers, data } = response;
      wire = { complete: true, status, headers, text: data };
    } catch (error) {
      if (error instanceof NotSent) return { kind: 'not-sent' };
      // A failure's status alone says what was done; of a success it takes the whole answer.
      const failure = error instanceof CutOff && error.status >= 400 ? error : undefined;
      if (failure === undefined) return { kind: isTimeOut(error) ? 'timed-out' : 'broken' };
      wire = { complete: false, status: failure.status, headers: failure.headers, text: '' };
    }
    return readAnswer(wire, { now: this.clock.now(), secret: request.token.reveal() });
  }

  /** Built from nothing: no header of the caller passes through. */
  private headersOf({ token, requestId, trace }: BillingRequest, patch?: Patch): Record<string, string> {
    return {
      Authorization: `Bearer ${token.reveal()}`,
      ...(patch === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Idempotency-Key': patch.operationId }),
      Accept: 'application/json',
      'User-Agent': `billing-bff/${VERSION}`,
      'X-Request-Id': requestId,
      traceparent: traceparentOf(trace, this.ids),
    };
  }
}

/** Below the tenant's own address whatever the reference is: it is one encoded segment, and never `.` or `..`. */
function customerUrl({ billingApiUrl, customerRef }: BillingRequest): string {
  return `${billingApiUrl}/api/v1/customers/${encodeURIComponent(customerRef)}`;
}

/** Before its headers, or within its body. */
function isTimeOut(error: unknown): boolean {
  return error instanceof TimedOut || (error instanceof CutOff && error.cause instanceof TimedOut);
}

/** An answer about somebody else tells nothing. By alias it can't be told; a caller may have padded an id (U13). */
function isAbout({ id }: Customer, customerRef: string): boolean {
  const number = (text: string): string => text.replace(/^cus_0*/, '');
  return !CUSTOMER_ID.test(customerRef) || number(id) === number(customerRef);
}
