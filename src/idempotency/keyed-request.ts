import type { KeptAnswer } from '../database/schema.js';
import type { Problem } from '../http/problem.js';
import type { Claim } from './idempotency-store.js';

/** A request that may carry a key. */
export interface KeyedRequest<Result> {
  readonly key: string | undefined;
  /** The owner of the key: tenant, issuer, client and subject. */
  readonly owner: {
    readonly tenantId: string;
    readonly issuer: string;
    readonly client: string;
    readonly sub: string;
  };
  /** The request: the same key may not be used for another one. */
  readonly asked: object;
  readonly operationId: string;
  /** By the monotonic clock. */
  readonly deadline: number;
  /** The customer whose data a result has; null if there is none. */
  readonly customerOf: (result: Result) => string | null;
  /** Reads a result from its stored JSON. */
  readonly revive: (value: unknown) => Result;
  /**
   * The result of an earlier operation that stored no answer or no final one: its result now, or a problem; undefined
   * if nothing was sent for it.
   */
  readonly findOutcome: (operationId: string) => Promise<EarlierOutcome<Result> | undefined>;
}

/** The answer of a request. */
export type Answer<Result> = { readonly result: Result } | { readonly problem: Problem };

/**
 * Gives the answer of a request that has a key as it is stored, so that it can be stored in one statement with other
 * records of the request. Undefined if it is not stored, because a retry may get another answer.
 */
export type KeepAnswer<Result> = (answer: Answer<Result>) => Promise<KeptAnswer | undefined>;

export type EarlierOutcome<Result> =
  { readonly result: Result } | { readonly problem: Problem; readonly final: boolean };

/** The result of a claim. */
export type KeyClaim<Result> =
  /** The request has no key: nothing is stored. */
  | { readonly kind: 'no-key' }
  /** The request got the key: its answer is stored. */
  | { readonly kind: 'held'; readonly claim: Claim }
  /** The stored answer. */
  | { readonly kind: 'replay'; readonly result: Result };
