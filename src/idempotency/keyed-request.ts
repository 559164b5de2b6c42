import type { Problem } from '../http/problem.js';
import type { Claim } from './idempotency-store.js';

/** A request that may carry a key. */
export interface KeyedRequest<Result> {
  readonly key: string | undefined;
  /** Whose key it is: tenant, issuer, client and subject. */
  readonly owner: {
    readonly tenantId: string;
    readonly issuer: string;
    readonly client: string;
    readonly sub: string;
  };
  /** What is asked for: the same key may ask for nothing else. */
  readonly asked: object;
  readonly operationId: string;
  /** By the monotonic clock. */
  readonly deadline: number;
  /** Whose data a result is; null when it is nobody's. */
  readonly customerOf: (result: Result) => string | null;
  /** A result from what JSON made of it. */
  readonly revive: (value: unknown) => Result;
  /**
   * What became of an earlier operation that left no answer, or one that was not final: its result now, or a problem;
   * undefined when nothing was sent for it.
   */
  readonly findOutcome: (operationId: string) => Promise<EarlierOutcome<Result> | undefined>;
}

export type EarlierOutcome<Result> =
  { readonly result: Result } | { readonly problem: Problem; readonly final: boolean };

/** What a request gets for its key. */
export type KeyClaim<Result> =
  /** It has none: nothing is kept. */
  | { readonly kind: 'no-key' }
  /** The key is its own: the answer is kept. */
  | { readonly kind: 'held'; readonly claim: Claim }
  /** The answer that was given before. */
  | { readonly kind: 'replay'; readonly result: Result };
