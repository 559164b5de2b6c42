import { hash } from 'node:crypto';
import type { Clock } from '../runtime/clock.js';
import type { Caller } from './caller.js';

/** Milliseconds that a verified token is cached. Its key may be withdrawn in that time. */
const CACHED_FOR = 60_000;
/** Tokens in the cache. When there are more, the one verified longest ago is removed. */
const MAX_TOKENS = 10_000;

interface Verified {
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** By the monotonic clock. */
  readonly verifiedAt: number;
}

/**
 * Cache of verified tokens. A signature check is the most expensive part of many requests, and clients send the same
 * token again and again. The cache stores only the hash of a token.
 */
export class VerifiedTokens {
  private readonly callers = new Map<string, Verified>();

  constructor(private readonly clock: Clock) {}

  find(token: string): Caller | undefined {
    const known = this.callers.get(nameOf(token));
    if (known === undefined || known.expiresAt <= this.clock.now()) return undefined;
    return this.clock.monotonic() - known.verifiedAt < CACHED_FOR ? known.caller : undefined;
  }

  /** @param expiresAt milliseconds since the epoch */
  remember(token: string, caller: Caller, expiresAt: number): void {
    const name = nameOf(token);
    this.callers.delete(name);
    this.callers.set(name, { caller, expiresAt, verifiedAt: this.clock.monotonic() });
    const [oldest] = this.callers.keys();
    if (this.callers.size > MAX_TOKENS && oldest !== undefined) this.callers.delete(oldest);
  }
}

function nameOf(token: string): string {
  return hash('sha256', token, 'base64');
}
