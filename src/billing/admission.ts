import {
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleWhenResult,
} from 'cockatiel';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics/metrics.js';
import type { BillingAnswer } from './billing-answer.js';

/** Failures in a row that open a breaker. */
const FAILURES = 10;
/** Milliseconds until an open breaker lets one request try. */
export const HALF_OPEN_AFTER = 5_000;
/** Doors kept before those that nothing is known of are swept out; they are made anew when they are needed. */
const MANY_DOORS = 1_000;

/** Where a request wants to go, for whom. */
export interface Door {
  readonly tenantId: string;
  readonly origin: string;
  /** Whether it has time enough for a time-out to say something about the billing API. */
  readonly fair: boolean;
}

/** What stands between us and one origin, or between one tenant and it. */
interface Guard {
  readonly breaker: CircuitBreakerPolicy;
  /** So many in a row. */
  readonly failures: ConsecutiveBreaker;
  /** Requests that were let through and have no answer yet. */
  inFlight: number;
  /** Milliseconds since the epoch, by the system's clock: cockatiel's breakers know no other. */
  openUntil: number;
}

interface GuardOptions {
  readonly scope: 'origin' | 'tenant';
  /** For the log. */
  readonly names: Readonly<Record<string, string>>;
  readonly isFailure: (answer: BillingAnswer) => boolean;
}

/**
 * Who may go to a billing API at the moment. Connections that fail close the door of an origin for everybody,
 * time-outs and 502, 503, 504 that of one tenant. What an answer says of one request closes none: 4xx, unreadable
 * answers and the billing API's own 500s.
 */
export class Admission {
  private readonly origins = new Map<string, Guard>();
  private readonly tenants = new Map<string, Guard>();
  private sweepAt = MANY_DOORS;

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  async admit(door: Door, send: () => Promise<BillingAnswer>): Promise<BillingAnswer> {
    const origin = this.originOf(door);
    const tenant = this.tenantOf(door);
    const wait = Math.max(this.waitOf(origin), this.waitOf(tenant));
    if (wait > 0) {
      this.metrics.notAdmitted('breaker');
      return { kind: 'not-admitted', retryAfterS: Math.ceil(wait / 1_000) };
    }
    if (!door.fair) return send();
    for (const guard of [origin, tenant]) guard.inFlight += 1;
    try {
      return await origin.breaker.execute(() => tenant.breaker.execute(send));
    } finally {
      for (const guard of [origin, tenant]) guard.inFlight -= 1;
    }
  }

  /** How many breakers let nothing through. */
  get open(): number {
    return countOpen(this.origins) + countOpen(this.tenants);
  }

  /** Milliseconds until the breaker lets someone try. While one request tries nobody waits for it. */
  private waitOf({ breaker, openUntil }: Guard): number {
    if (breaker.state === CircuitState.HalfOpen) return 1;
    return breaker.state === CircuitState.Open ? Math.max(0, openUntil - Date.now()) : 0;
  }

  private originOf({ origin }: Door): Guard {
    const options = { scope: 'origin', names: { origin } } as const;
    return this.guard(this.origins, origin, { ...options, isFailure: isConnectFailure });
  }

  private tenantOf({ origin, tenantId }: Door): Guard {
    const options = { scope: 'tenant', names: { origin, tenant_id: tenantId } } as const;
    return this.guard(this.tenants, `${tenantId} ${origin}`, { ...options, isFailure: isGatewayFailure });
  }

  /** Takes out every door that is open, without failures and without anybody in it. */
  private sweep(guards: Map<string, Guard>): void {
    for (const [name, { breaker, failures, inFlight }] of guards) {
      const idle = breaker.state === CircuitState.Closed && failures.state === 0 && inFlight === 0;
      if (idle) guards.delete(name);
    }
    this.sweepAt = Math.max(MANY_DOORS, 2 * guards.size);
  }

  private guard(guards: Map<string, Guard>, name: string, options: GuardOptions): Guard {
    const known = guards.get(name);
    // One that is open for longer than any is: the wall clock was set back. It would stay open for as much; a new one won't.
    if (known !== undefined && known.openUntil - Date.now() <= HALF_OPEN_AFTER) return known;
    if (guards.size >= this.sweepAt) this.sweep(guards);
    const { scope, names, isFailure } = options;
    const failures = new ConsecutiveBreaker(FAILURES);
    const breaker = circuitBreaker(
      handleWhenResult((answer) => isAnswer(answer) && isFailure(answer)),
      { halfOpenAfter: HALF_OPEN_AFTER, breaker: failures },
    );
    const guard: Guard = { breaker, failures, inFlight: 0, openUntil: 0 };
    breaker.onStateChange((state) => {
      if (state === CircuitState.Open) guard.openUntil = Date.now() + HALF_OPEN_AFTER;
      this.metrics.breakersOpen(scope, countOpen(guards));
      const level = state === CircuitState.Closed ? 'info' : 'warn';
      this.logger[level]({ ...names, scope, state: CircuitState[state] }, 'a breaker changed its state');
    });
    guards.set(name, guard);
    return guard;
  }
}

function countOpen(guards: ReadonlyMap<string, Guard>): number {
  return [...guards.values()].filter(({ breaker }) => breaker.state !== CircuitState.Closed).length;
}

function isConnectFailure({ kind }: BillingAnswer): boolean {
  return kind === 'not-sent';
}

function isGatewayFailure(answer: BillingAnswer): boolean {
  if (answer.kind === 'timed-out') return true;
  return answer.kind === 'unclear' && [502, 503, 504].includes(answer.status);
}

/** All that passes through here is one; cockatiel has lost its type. */
function isAnswer(value: unknown): value is BillingAnswer {
  return typeof value === 'object' && value !== null && 'kind' in value;
}
