import type { Problem } from './problem.js';

/** What a client may do after a problem, without asking anybody. */
export type Repeat =
  /** The same request again, with the same `Idempotency-Key`, after a pause. */
  | 'repeat'
  /** The same, once, with a new access token. */
  | 'new-token'
  /** Nothing: the answer would be the same, or a person has to decide. */
  | 'never'
  /** Nobody knows whether the patch was applied: no other patch, but wait for its outcome. */
  | 'wait-for-outcome';

/** docs/services.md has this table with its reasons. */
const REPEATS = {
  'malformed-json': 'never',
  'validation-failed': 'never',
  'rejected-by-billing': 'never',
  unauthenticated: 'new-token',
  'insufficient-scope': 'never',
  'field-forbidden': 'never',
  'tenant-forbidden': 'never',
  'tenant-unknown': 'never',
  'tenant-suspended': 'never',
  'not-found': 'never',
  'customer-not-found': 'never',
  'method-not-allowed': 'never',
  'request-timeout': 'repeat',
  conflict: 'never',
  'not-sealed': 'repeat',
  'tokens-would-retire': 'never',
  'idempotency-in-flight': 'repeat',
  'precondition-failed': 'never',
  'payload-too-large': 'never',
  'unsupported-media-type': 'never',
  'idempotency-key-reused': 'never',
  'rate-limited': 'repeat',
  'rate-limited-by-billing': 'repeat',
  internal: 'never',
  'billing-credentials-rejected': 'never',
  'billing-unreachable': 'repeat',
  'billing-failed': 'never',
  'billing-unavailable': 'repeat',
  'audit-unavailable': 'repeat',
  'identity-provider-unavailable': 'repeat',
  'billing-timeout': 'never',
  'no-answer': 'repeat',
} as const satisfies Record<Slug<Problem['type']>, Repeat>;

type Slug<Type> = Type extends `urn:billing-bff:${'problem' | 'client'}:${infer Name}` ? Name : never;

export function repeatAfter(problem: Problem): Repeat {
  if (problem.outcome === 'unknown') return 'wait-for-outcome';
  const slug = problem.type.replace(/^.*:/, '');
  return isKnown(slug) ? REPEATS[slug] : 'never';
}

/** A newer BFF may have problems that this client does not know. */
function isKnown(slug: string): slug is keyof typeof REPEATS {
  return Object.hasOwn(REPEATS, slug);
}

export interface RetryLimits {
  /** Requests in all, the first included. */
  readonly attempts: number;
  /** A longer `Retry-After` is left to the caller. */
  readonly longestPauseMs: number;
}

export const DEFAULT_LIMITS: RetryLimits = { attempts: 4, longestPauseMs: 10_000 };

const FIRST_PAUSE_MS = 250;

/**
 * Milliseconds until the next attempt: what `Retry-After` says, else twice as long each time, at random.
 * @param attempt 1 after the first one
 * @param random from 0 to 1
 * @returns undefined if there is no next attempt
 */
export function pauseBefore(
  attempt: number,
  retryAfterS: number | undefined,
  { attempts, longestPauseMs }: RetryLimits,
  random: number,
): number | undefined {
  if (attempt >= attempts) return undefined;
  if (retryAfterS === undefined) {
    const longest = Math.min(longestPauseMs, FIRST_PAUSE_MS * 2 ** attempt);
    return Math.round((longest / 2) * (1 + random));
  }
  return retryAfterS * 1_000 <= longestPauseMs ? retryAfterS * 1_000 : undefined;
}
