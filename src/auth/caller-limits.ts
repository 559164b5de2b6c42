import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Problem } from '../http/problem.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';

/** Milliseconds until an empty bucket is full again. */
const WINDOW = 60_000;
/**
 * Callers in memory. When there are more, the one whose last request is oldest is removed, and begins with a full
 * bucket when it comes back.
 */
const MAX_CALLERS = 10_000;
/** `Retry-After` in seconds when too many requests are in flight. */
const BUSY_RETRY_AFTER_S = 1;

/** One caller's requests. */
interface Usage {
  /** Tokens taken from the bucket and not refilled at `at`; a fraction while one is being refilled. */
  taken: number;
  /** By the monotonic clock. */
  at: number;
  inFlight: number;
}

/** An accepted request; it counts until all work on it is finished. */
export interface Seat {
  /** `RateLimit-Policy` and `RateLimit` of its answer; none if the rate is not limited. */
  readonly headers: Readonly<Record<string, string>>;
  /** Puts the token back, because the request counts in another bucket. */
  giveBack(): void;
  /** Adds a piece of work. Returns a function that ends it, once. */
  hold(): () => void;
}

/**
 * The limits of one caller on this instance: a token bucket for the rate (all at once, then evenly), and a number of
 * requests at a time. Libraries for this count in windows; docs/adr/0017 explains why that is not enough.
 */
@Injectable()
export class CallerLimits {
  /** Tokens of the bucket, refilled in a minute; 0: no limit. */
  private readonly perMinute: number;
  private readonly maxInFlight: number;
  private readonly callers = new Map<string, Usage>();

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {
    this.perMinute = config.rateLimitPerMinute;
    this.maxInFlight = config.callerMaxInFlight;
  }

  /**
   * Takes a token. A refused request takes no token.
   * @throws Problem rate-limited
   */
  enter(caller: string): Seat {
    const usage = this.usageOf(caller);
    if (usage.inFlight >= this.maxInFlight) {
      const detail = `This caller has ${this.maxInFlight} requests in flight; wait until some are finished.`;
      throw this.refusal('in-flight', detail, BUSY_RETRY_AFTER_S, this.headersOf(usage));
    }
    if (this.perMinute > 0 && usage.taken > this.perMinute - 1) {
      const detail = `This caller may send ${this.perMinute} requests a minute.`;
      throw this.refusal('rate', detail, this.nextTokenS(usage), this.headersOf(usage));
    }
    if (this.perMinute > 0) usage.taken += 1;
    return seatOf(usage, this.headersOf(usage));
  }

  private usageOf(caller: string): Usage {
    const known = this.callers.get(caller);
    if (known === undefined) this.makeRoom();
    else this.callers.delete(caller);
    const usage = known ?? { taken: 0, at: this.clock.monotonic(), inFlight: 0 };
    // Moved to the end: the map is ordered by the last request.
    this.callers.set(caller, usage);
    this.refill(usage);
    return usage;
  }

  /** Each new caller removes the two oldest ones if they are idle, so the map shrinks again. */
  private makeRoom(): void {
    let looks = 2;
    for (const [caller, usage] of this.callers) {
      this.refill(usage);
      const full = this.callers.size >= MAX_CALLERS;
      if (full || (usage.taken === 0 && usage.inFlight === 0)) this.callers.delete(caller);
      looks -= 1;
      if (looks === 0) return;
    }
  }

  private refill(usage: Usage): void {
    const now = this.clock.monotonic();
    const refilled = ((now - usage.at) * this.perMinute) / WINDOW;
    usage.taken = Math.max(0, usage.taken - refilled);
    usage.at = now;
  }

  /** draft-ietf-httpapi-ratelimit-headers: structured fields; `t` is the seconds until one more token. */
  private headersOf(usage: Usage): Record<string, string> {
    if (this.perMinute === 0) return {};
    const remaining = Math.floor(this.perMinute - usage.taken);
    return {
      'RateLimit-Policy': `"caller";q=${this.perMinute};w=${WINDOW / 1_000}`,
      RateLimit: `"caller";r=${remaining};t=${this.nextTokenS(usage)}`,
    };
  }

  private nextTokenS({ taken }: Usage): number {
    const missing = taken - Math.floor(taken) || 1;
    return Math.ceil((missing * WINDOW) / this.perMinute / 1_000);
  }

  private refusal(
    reason: 'rate' | 'in-flight',
    detail: string,
    retryAfterS: number,
    headers: Record<string, string>,
  ): Problem {
    this.metrics.rateLimited(reason);
    return new Problem('rate-limited', detail, { retryAfterS, headers });
  }
}

function seatOf(usage: Usage, headers: Record<string, string>): Seat {
  let holders = 0;
  return {
    headers,
    giveBack() {
      usage.taken = Math.max(0, usage.taken - 1);
    },
    hold() {
      if (holders === 0) usage.inFlight += 1;
      holders += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        holders -= 1;
        if (holders === 0) usage.inFlight -= 1;
      };
    },
  };
}
