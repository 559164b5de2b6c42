import { Inject, Injectable } from '@nestjs/common';
import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
  type IPolicy,
  noop,
  wrap,
} from 'cockatiel';
import type { Logger } from 'pino';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import type { BillingAnswer } from './billing-answer.js';

/** Failures in a row that open a breaker. */
const FAILURES = 10;
/** Milliseconds until an open breaker lets one request try. */
export const HALF_OPEN_AFTER = 5_000;
/** Breakers in memory before the idle ones are removed; they are created again when needed. */
const MANY_BREAKERS = 1_000;

/** The tenant and origin of a request. */
export interface Destination {
  readonly tenantId: string;
  readonly origin: string;
  /** Whether there is enough time for a time-out to prove something about the billing API. */
  readonly conclusive: boolean;
}

/** The breakers of a destination. */
export interface BreakersOfDestination {
  /** Milliseconds until a request may be sent; 0 if it may be sent now. */
  readonly waitMs: number;
  /** Sends a request, and counts its result. */
  readonly policy: IPolicy;
}

interface Breaker {
  readonly policy: CircuitBreakerPolicy;
  /** Counts failures in a row. */
  readonly failures: ConsecutiveBreaker;
  /** Milliseconds since the epoch, by the system's clock, because cockatiel's breakers use it. */
  openUntil: number;
}

interface BreakerOptions {
  readonly scope: 'origin' | 'tenant';
  /** For the log. */
  readonly names: Readonly<Record<string, string>>;
  readonly isFailure: (answer: BillingAnswer<unknown>) => boolean;
}

/**
 * Circuit breakers of the billing APIs. Failed connections open the breaker of an origin, for all its tenants.
 * Time-outs and 502, 503, 504 open the breaker of one tenant. Answers about a single request open none: 4xx,
 * unreadable answers and the billing API's own 500s.
 */
@Injectable()
export class CircuitBreakers {
  private readonly origins = new Map<string, Breaker>();
  private readonly tenants = new Map<string, Breaker>();
  private sweepAt = MANY_BREAKERS;

  constructor(
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  of(destination: Destination): BreakersOfDestination {
    const origin = this.ofOrigin(destination);
    const tenant = this.ofTenant(destination);
    const waitMs = Math.max(waitOf(origin), waitOf(tenant));
    if (waitMs > 0) this.metrics.notAttempted('breaker');
    return { waitMs, policy: destination.conclusive ? wrap(origin.policy, tenant.policy) : noop };
  }

  /** Number of breakers that are not closed. */
  get open(): number {
    return countOpen(this.origins) + countOpen(this.tenants);
  }

  private ofOrigin({ origin }: Destination): Breaker {
    return this.breaker(this.origins, origin, {
      scope: 'origin',
      names: { origin },
      isFailure: isConnectFailure,
    });
  }

  private ofTenant({ origin, tenantId }: Destination): Breaker {
    return this.breaker(this.tenants, `${tenantId} ${origin}`, {
      scope: 'tenant',
      names: { origin, tenant_id: tenantId },
      isFailure: isGatewayFailure,
    });
  }

  private breaker(breakers: Map<string, Breaker>, name: string, options: BreakerOptions): Breaker {
    const known = breakers.get(name);
    // A breaker that would stay open too long: the wall clock was set back. It is created again.
    if (known !== undefined && known.openUntil - Date.now() <= HALF_OPEN_AFTER) return known;
    if (breakers.size >= this.sweepAt) this.removeIdle(breakers);
    const { scope, names, isFailure } = options;
    const failures = new ConsecutiveBreaker(FAILURES);
    const policy = circuitBreaker(
      handleWhenResult((answer) => isAnswer(answer) && isFailure(answer)),
      { halfOpenAfter: HALF_OPEN_AFTER, breaker: failures },
    );
    const breaker: Breaker = { policy, failures, openUntil: 0 };
    policy.onStateChange((state) => {
      if (state === CircuitState.Open) breaker.openUntil = Date.now() + HALF_OPEN_AFTER;
      this.metrics.breakersOpen(scope, countOpen(breakers));
      const level = state === CircuitState.Closed ? 'info' : 'warn';
      this.logger[level]({ ...names, scope, state: CircuitState[state] }, 'a breaker changed its state');
    });
    breakers.set(name, breaker);
    return breaker;
  }

  /**
   * Removes every breaker that is closed and has counted no failure. Requests in flight no longer count; the next
   * ones do.
   */
  private removeIdle(breakers: Map<string, Breaker>): void {
    for (const [name, { policy, failures }] of breakers) {
      if (policy.state === CircuitState.Closed && failures.state === 0) breakers.delete(name);
    }
    this.sweepAt = Math.max(MANY_BREAKERS, 2 * breakers.size);
  }
}

/** While one request tries, others are refused without a wait. */
function waitOf({ policy, openUntil }: Breaker): number {
  if (policy.state === CircuitState.HalfOpen) return 1;
  return policy.state === CircuitState.Open ? Math.max(0, openUntil - Date.now()) : 0;
}

function countOpen(breakers: ReadonlyMap<string, Breaker>): number {
  return [...breakers.values()].filter(({ policy }) => policy.state !== CircuitState.Closed).length;
}

function isConnectFailure({ kind }: BillingAnswer<unknown>): boolean {
  return kind === 'unreachable';
}

function isGatewayFailure(answer: BillingAnswer<unknown>): boolean {
  if (answer.kind === 'timed-out') return true;
  return answer.kind === 'inconclusive' && [502, 503, 504].includes(answer.status);
}

/** Only such answers come here, but cockatiel's types do not say so. */
function isAnswer(value: unknown): value is BillingAnswer<unknown> {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
