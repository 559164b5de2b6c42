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
/** Breakers kept before the idle ones are removed; they are made anew when they are needed. */
const MANY_BREAKERS = 1_000;

/** Where a request goes, for whom. */
export interface Destination {
  readonly tenantId: string;
  readonly origin: string;
  /** Whether there is time enough for a time-out to say something about the billing API. */
  readonly conclusive: boolean;
}

/** The breakers on the way to a destination. */
export interface BreakersOfDestination {
  /** Milliseconds until a request may be sent; 0 when it may be now. */
  readonly waitMs: number;
  /** Sends a request, and learns from its answer. */
  readonly policy: IPolicy;
}

interface Breaker {
  readonly policy: CircuitBreakerPolicy;
  /** So many in a row. */
  readonly failures: ConsecutiveBreaker;
  /** Milliseconds since the epoch, by the system's clock: cockatiel's breakers know no other. */
  openUntil: number;
}

interface BreakerOptions {
  readonly scope: 'origin' | 'tenant';
  /** For the log. */
  readonly names: Readonly<Record<string, string>>;
  readonly isFailure: (answer: BillingAnswer<unknown>) => boolean;
}

/**
 * Circuit breakers of the billing APIs. Connections that fail open the breaker of an origin, which holds for all its
 * tenants; time-outs and 502, 503, 504 open that of one tenant. What an answer says of one request opens none: 4xx,
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

  /** How many are not closed. */
  get open(): number {
    return countOpen(this.origins) + countOpen(this.tenants);
  }

  private ofOrigin({ origin }: Destination): Breaker {
    const options = { scope: 'origin', names: { origin } } as const;
    return this.breaker(this.origins, origin, { ...options, isFailure: isConnectFailure });
  }

  private ofTenant({ origin, tenantId }: Destination): Breaker {
    const options = { scope: 'tenant', names: { origin, tenant_id: tenantId } } as const;
    return this.breaker(this.tenants, `${tenantId} ${origin}`, { ...options, isFailure: isGatewayFailure });
  }

  private breaker(breakers: Map<string, Breaker>, name: string, options: BreakerOptions): Breaker {
    const known = breakers.get(name);
    // One that would stay open for longer than any does: the wall clock was set back. It is made anew.
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

  /** Removes every breaker that is closed and has counted no failure. What is in flight counts no more; the next does. */
  private removeIdle(breakers: Map<string, Breaker>): void {
    for (const [name, { policy, failures }] of breakers) {
      if (policy.state === CircuitState.Closed && failures.state === 0) breakers.delete(name);
    }
    this.sweepAt = Math.max(MANY_BREAKERS, 2 * breakers.size);
  }
}

/** While one request tries nobody waits for it. */
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

/** All that passes through here is one; cockatiel has lost its type. */
function isAnswer(value: unknown): value is BillingAnswer<unknown> {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
