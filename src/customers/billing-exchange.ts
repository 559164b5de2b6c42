import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import type { Provenance } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import { LOGGER } from '../http/logger.js';
import type { TraceContext } from '../http/trace-context.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { atMost } from '../runtime/within.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';

/** On whose behalf the billing API is asked, and until when. */
export interface Errand {
  readonly provenance: Provenance;
  /** The operation that it belongs to; null for a mere read. */
  readonly operationId: string | null;
  readonly trace: TraceContext;
  readonly tenant: EquippedTenant;
  /** By the monotonic clock. */
  readonly deadline: number;
}

/** What came of it. */
export interface Exchange {
  readonly answer: BillingAnswer;
  /** With the token that was used last. */
  readonly tenant: EquippedTenant;
  /** How often it was sent, or tried to be. */
  readonly attempts: number;
  readonly durationMs: number;
}

export interface ExchangeOptions {
  /** How much of the time that is left one attempt may take, from 0 to 1: the next step wants its turn. */
  readonly share: number;
  readonly send: (tenant: EquippedTenant, budgetMs: number) => Promise<BillingAnswer>;
  /** Asked before it is sent again after an answer; undefined means yes. */
  readonly mayRepeat?: (tenant: EquippedTenant, answer: BillingAnswer) => Promise<boolean>;
}

/** How often a request that was not received is tried in all. */
const MAX_UNSENT = 3;
/** Milliseconds that the first pause after such a try may last; each further one may last twice as long. */
const FIRST_PAUSE = 100;
/** Milliseconds that have to be left after a pause. */
const LEAST_TIME = 250;

interface Repeat {
  readonly tenant: EquippedTenant;
  readonly pauseMs: number;
}

/**
 * One request to the billing API, and another only where that is safe: when it was not received, when a 401 or 403
 * says that nothing was written and there is a newer token by now (that is how a rotation goes unnoticed), and when
 * a 429 or 503 says when to come back and that is in time; each of the latter once.
 */
@Injectable()
export class BillingExchange {
  constructor(
    private readonly credentials: TenantCredentials,
    private readonly trail: AuditTrail,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(errand: Errand, { share, send, mayRepeat }: ExchangeOptions): Promise<Exchange> {
    const startedAt = this.clock.monotonic();
    const rules = new RepeatRules(this.credentials, this.ids);
    let { tenant } = errand;
    let attempts = 0;
    let ended: Exchange | undefined;
    for (;;) {
      const answer = await send(tenant, (errand.deadline - this.clock.monotonic()) * share);
      // What the try before met is more than that there was no time for this one.
      if (answer.kind === 'out-of-time' && ended !== undefined) return ended;
      if (answer.kind !== 'not-admitted' && answer.kind !== 'out-of-time') attempts += 1;
      await atMost(this.clock, errand.deadline, this.learn(errand, tenant, answer));
      ended = { answer, tenant, attempts, durationMs: Math.round(this.clock.monotonic() - startedAt) };
      const repeat = await rules.after(answer, tenant);
      if (repeat === undefined) return ended;
      if (this.clock.monotonic() + repeat.pauseMs + LEAST_TIME > errand.deadline) return ended;
      if (repeat.pauseMs > 0) await this.clock.sleep(repeat.pauseMs);
      const received = answer.kind !== 'not-sent';
      if (received && mayRepeat !== undefined && !(await mayRepeat(repeat.tenant, answer))) return ended;
      tenant = repeat.tenant;
    }
  }

  /** The contract moves (U12): each new name is worth a line, once. */
  private noticeDrift(undocumented: readonly string[]): void {
    const fields = this.metrics.undocumentedFieldsSeen(undocumented);
    if (fields.length > 0)
      this.logger.warn({ fields }, 'the billing API answers fields that its contract does not have');
  }

  /** A 403 may be about the request, so it marks nothing; a failure says nothing about the token. */
  private async learn(errand: Errand, tenant: EquippedTenant, answer: BillingAnswer): Promise<void> {
    if (answer.kind === 'customer') this.noticeDrift(answer.undocumented);
    const status = 'status' in answer ? answer.status : undefined;
    if (status === undefined || status === 403 || status >= 500) return;
    if (answer.kind === 'refused' && answer.slug === 'billing-failed') return;
    if (status !== 401) await this.credentials.accepted(tenant);
    else if (await this.credentials.rejected(tenant)) {
      this.metrics.tokenRejected(tenant.id);
      await this.trail.tokenRejected(errand.provenance, errand.operationId, tenant.credential);
    }
  }
}

/** Which answers allow another try, and how often. */
class RepeatRules {
  private unsent = 0;
  private renewed = false;
  private waited = false;

  constructor(
    private readonly credentials: TenantCredentials,
    private readonly ids: Ids,
  ) {}

  async after(answer: BillingAnswer, tenant: EquippedTenant): Promise<Repeat | undefined> {
    if (answer.kind === 'not-sent') {
      this.unsent += 1;
      const pauseMs = this.ids.jitter(FIRST_PAUSE * 2 ** (this.unsent - 1));
      return this.unsent < MAX_UNSENT ? { tenant, pauseMs } : undefined;
    }
    if (answer.kind === 'refused' && answer.slug === 'billing-credentials-rejected') {
      const newer = this.renewed ? undefined : await this.credentials.newerThan(tenant);
      this.renewed = true;
      return newer === undefined ? undefined : { tenant: newer, pauseMs: 0 };
    }
    const retryAfterS = retryAfterOf(answer);
    if (retryAfterS === undefined || this.waited) return undefined;
    this.waited = true;
    return { tenant, pauseMs: retryAfterS * 1_000 };
  }
}

function retryAfterOf(answer: BillingAnswer): number | undefined {
  if (answer.kind === 'unclear') return answer.retryAfterS;
  return answer.kind === 'refused' && answer.status === 429 ? answer.retryAfterS : undefined;
}
