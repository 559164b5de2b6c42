import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Provenance } from '../audit/audit-event.js';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { type TraceContext, traceparentOf } from '../http/trace-context.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { type Span, Tracing } from '../runtime/tracing.js';
import { VERSION } from '../runtime/version.js';
import { atMost } from '../runtime/within.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';
import { type BillingAnswer, type Parsed, readAnswer, type WireAnswer } from './billing-answer.js';
import { CircuitBreakers } from './circuit-breakers.js';
import type { CustomerList } from './customer-list.dto.js';
import type { Customer } from './customer.dto.js';
import { parseCustomer, parseCustomerList } from './read-customer.js';
import { MIN_TIME_LEFT, Retries } from './retry-policy.js';
import { TokenFeedback } from './token-feedback.js';
import { CutOff, NotSent, sendWith, TimedOut, type WireRequest } from './transport.js';

/** The tenant, operation and deadline of a call to the billing API. */
export interface BillingCall {
  readonly tenant: EquippedTenant;
  readonly provenance: Provenance;
  /** The operation of the call; null for a read without a patch. */
  readonly operationId: string | null;
  readonly trace: TraceContext;
  /** By the monotonic clock. */
  readonly deadline: number;
}

/** The result of a call, including its retries. */
export interface BillingResult<Value = Customer> {
  readonly answer: BillingAnswer<Value>;
  /** The tenant with the token that was used last. */
  readonly tenant: EquippedTenant;
  /** How often the BFF tried to send it. */
  readonly attempts: number;
  readonly durationMs: number;
}

export interface OutgoingPatch {
  /** Sent as JSON. */
  readonly body: object;
  /** Sent as `Idempotency-Key`. */
  readonly operationId: string;
  /** Whether the patch may be sent again after an answer; asked before the pause. */
  readonly isRepeatable: (answer: BillingAnswer<Customer>) => boolean;
  /**
   * Whether it may still be sent after the pause.
   * @param tenant with the token for the next attempt
   */
  readonly isStillSafe: (tenant: EquippedTenant) => Promise<boolean>;
}

/** One request to the billing API. */
interface BillingRequest<Value> {
  readonly method: 'GET' | 'PATCH';
  /** The part after `/api/v1/customers`: a path or a query. */
  readonly path: string;
  readonly parse: (body: unknown) => Parsed<Value> | undefined;
  /** Share of the remaining time that one attempt may take, from 0 to 1. */
  readonly timeShare: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isRepeatable?: (answer: BillingAnswer<Value>) => boolean;
  readonly isStillSafe?: OutgoingPatch['isStillSafe'];
}

/** A patch leaves time for a read, in case its answer does not prove the outcome. */
const PATCH_SHARE = 2 / 3;

/**
 * The client of the billing API. Only this file knows its URLs and request headers. It never throws because of an
 * answer.
 */
@Injectable()
export class BillingClient {
  /** If an attempt with less time than this, in milliseconds, times out, it proves nothing about the billing API. */
  private readonly conclusiveMs: number;

  constructor(
    private readonly http: HttpService,
    private readonly breakers: CircuitBreakers,
    private readonly credentials: TenantCredentials,
    private readonly tokens: TokenFeedback,
    private readonly metrics: Metrics,
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly tracing: Tracing,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const { timeoutMs, deadlineMs } = config.billing;
    this.conclusiveMs = Math.min(timeoutMs, deadlineMs / 3) / 2;
  }

  /**
   * @param customerRef id or alias, decoded
   * @param timeShare share of the remaining time that one attempt may take, from 0 to 1
   */
  readCustomer(call: BillingCall, customerRef: string, timeShare = 1): Promise<BillingResult> {
    const parse = parseCustomer(customerRef);
    return this.send(call, { method: 'GET', path: pathOf(customerRef), parse, timeShare });
  }

  /** @param query parameters of the billing API's list (U18), already checked */
  listCustomers(
    call: BillingCall,
    query: Readonly<Record<string, string>>,
  ): Promise<BillingResult<CustomerList>> {
    const path = `?${new URLSearchParams(query).toString()}`;
    return this.send(call, { method: 'GET', path, parse: parseCustomerList, timeShare: 1 });
  }

  patchCustomer(call: BillingCall, customerRef: string, patch: OutgoingPatch): Promise<BillingResult> {
    return this.send(call, {
      method: 'PATCH',
      path: pathOf(customerRef),
      body: JSON.stringify(patch.body),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': patch.operationId },
      parse: parseCustomer(customerRef),
      timeShare: PATCH_SHARE,
      isRepeatable: patch.isRepeatable,
      isStillSafe: patch.isStillSafe,
    });
  }

  /** Sends a request, and repeats it if the retry policy, the deadline and the request itself allow it. */
  private async send<Value>(
    call: BillingCall,
    request: BillingRequest<Value>,
  ): Promise<BillingResult<Value>> {
    const startedAt = this.clock.monotonic();
    const retries = new Retries(this.ids);
    let { tenant } = call;
    let attempts = 0;
    let result: BillingResult<Value> | undefined;
    for (;;) {
      const answer = await this.attempt({ ...call, tenant }, request);
      // The previous attempt's answer is more useful than "no time for another attempt".
      if (answer.kind === 'deadline-exceeded' && result !== undefined) return result;
      if (answer.kind !== 'not-attempted' && answer.kind !== 'deadline-exceeded') attempts += 1;
      const noted = this.tokens.note({ ...call, tenant }, answer);
      if (noted !== undefined) await atMost(this.clock, call.deadline, noted);
      result = { answer, tenant, attempts, durationMs: Math.round(this.clock.monotonic() - startedAt) };
      const retry = retries.after(answer);
      if (retry === undefined) return result;
      const equipped = retry.reason === 'token-refused' ? await this.credentials.newerThan(tenant) : tenant;
      if (equipped === undefined) return result;
      const received = retry.reason !== 'unreachable';
      if (received && request.isRepeatable?.(answer) === false) return result;
      if (this.clock.monotonic() + retry.pauseMs + MIN_TIME_LEFT > call.deadline) return result;
      if (retry.pauseMs > 0) await this.clock.sleep(retry.pauseMs);
      if (received && (await request.isStillSafe?.(equipped)) === false) return result;
      tenant = equipped;
      this.metrics.billingRetried(retry.reason);
    }
  }

  /** Sends a request once, unless the breaker is open or the deadline has passed. */
  private async attempt<Value>(
    call: BillingCall,
    request: BillingRequest<Value>,
  ): Promise<BillingAnswer<Value>> {
    const left = (call.deadline - this.clock.monotonic()) * request.timeShare;
    const timeout = Math.min(this.config.billing.timeoutMs, left);
    if (timeout <= 0) return { kind: 'deadline-exceeded' };
    const { id: tenantId, billingApiUrl, credential } = call.tenant;
    const conclusive = timeout >= this.conclusiveMs;
    const url = new URL(`${billingApiUrl}/api/v1/customers${request.path}`);
    const { waitMs, policy } = this.breakers.of({ tenantId, origin: url.origin, conclusive });
    if (waitMs > 0) return { kind: 'not-attempted', by: 'breaker', retryAfterS: Math.ceil(waitMs / 1_000) };
    const secret = credential.token.reveal();
    const { method, body = null, parse } = request;
    const sentAt = this.clock.monotonic();
    const attempt = async (): Promise<BillingAnswer<Value>> => {
      const wire = { url, method, body, timeout, headers: this.headersOf(call, secret, request) };
      const received = await this.answerTo(wire);
      return 'kind' in received ? received : readAnswer(received, { parse, now: this.clock.now(), secret });
    };
    const answer = await policy.execute(() => this.traced(url, method, attempt));
    this.metrics.billingAnswered(method, resultOf(answer), (this.clock.monotonic() - sentAt) / 1_000);
    if (answer.kind === 'success') this.noteUndocumented(answer.undocumented);
    // There was almost no time for a connection, so this proves nothing about the billing API.
    return answer.kind === 'unreachable' && !conclusive ? { kind: 'deadline-exceeded' } : answer;
  }

  /** By OpenTelemetry's conventions for HTTP, without the path: an alias in it is personal data. */
  private traced<Value>(
    url: URL,
    method: string,
    attempt: () => Promise<BillingAnswer<Value>>,
  ): Promise<BillingAnswer<Value>> {
    if (!this.tracing.active) return attempt();
    const attributes = {
      ...{ 'http.request.method': method, 'url.template': url.search === '' ? ONE : LIST },
      ...{ 'server.address': url.hostname, 'server.port': Number(url.port || DEFAULT_PORTS[url.protocol]) },
    };
    const work = async (span: Span): Promise<BillingAnswer<Value>> => {
      const answer = await attempt();
      if ('status' in answer) span.set({ 'http.response.status_code': answer.status });
      if (answer.kind !== 'success') span.fail('status' in answer ? String(answer.status) : answer.kind);
      return answer;
    };
    return this.tracing.span(method, work, { kind: 'client', attributes });
  }

  private async answerTo(request: WireRequest): Promise<WireAnswer | BillingAnswer<never>> {
    try {
      return await sendWith(this.http.axiosRef, request);
    } catch (error) {
      return incomplete(error);
    }
  }

  /** Built from scratch: no header of the caller is forwarded. */
  private headersOf(
    { provenance, trace }: BillingCall,
    token: string,
    { headers }: Pick<BillingRequest<unknown>, 'headers'>,
  ): Record<string, string> {
    return {
      Authorization: `Bearer ${token}`,
      ...headers,
      Accept: 'application/json',
      'User-Agent': `billing-bff/${VERSION}`,
      'X-Request-Id': provenance.request_id,
      traceparent: this.tracing.traceparent ?? traceparentOf(trace, this.ids),
    };
  }

  /** The contract changes (U12): each new field is logged once. */
  private noteUndocumented(undocumented: readonly string[]): void {
    const fields = this.metrics.undocumentedFieldsSeen(undocumented);
    if (fields.length > 0) this.logger.warn({ fields }, 'the billing API answers undocumented fields');
  }
}

/** Templates of the URLs. Only the list has a query. */
const LIST = '/api/v1/customers';
const ONE = `${LIST}/{id_or_alias}`;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Always one encoded segment, and never `.` or `..`. */
function pathOf(customerRef: string): string {
  return `/${encodeURIComponent(customerRef)}`;
}

/** As a label. */
function resultOf(answer: BillingAnswer<unknown>): string {
  return answer.kind === 'refused' ? answer.slug : answer.kind;
}

/** An answer that did not arrive completely. */
function incomplete(error: unknown): WireAnswer | BillingAnswer<never> {
  if (error instanceof NotSent) return { kind: 'unreachable' };
  // The status of a failure alone shows the result. A success needs the whole answer.
  if (error instanceof CutOff && error.status >= 400)
    return { complete: false, status: error.status, headers: error.headers, text: '' };
  const timedOut = error instanceof TimedOut || (error instanceof CutOff && error.cause instanceof TimedOut);
  return { kind: timedOut ? 'timed-out' : 'connection-lost' };
}
