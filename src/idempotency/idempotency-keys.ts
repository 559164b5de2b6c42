import { Inject, Injectable } from '@nestjs/common';
import canonicalize from 'canonicalize';
import type { Logger } from 'pino';
import { AppKeys } from '../crypto/app-keys.js';
import { CustomerVault, Forgotten } from '../crypto/customer-vault.js';
import { Undecryptable } from '../crypto/key-ring.js';
import type { SealedColumns } from '../database/schema.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { atMost, within } from '../runtime/within.js';
import { type Claim, type Found, IdempotencyStore } from './idempotency-store.js';
import {
  readStoredAnswer,
  REPLAYED,
  replayedProblem,
  type StoredAnswer,
  storedProblem,
} from './stored-answer.js';

/** Milliseconds beyond its deadline after which a request surely is over. */
const GRACE = 10_000;
/** What is answered, other than a success, again to the same request for a day: its time will not change it. */
const DEFINITE: ReadonlySet<number> = new Set([400, 404, 409, 412]);

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
   * What came of an operation that left no answer, or one that was not final: its result now, or a problem;
   * undefined when nothing was sent for it.
   */
  readonly recall: (operationId: string) => Promise<Recalled<Result> | undefined>;
}

export type Recalled<Result> =
  { readonly result: Result } | { readonly problem: Problem; readonly final: boolean };

export type Once<Result> = Result & { readonly replayed?: true };

/**
 * Runs a request once for each key (draft-ietf-httpapi-idempotency-key-header-07), across instances. Successes and
 * definite refusals are kept for a day, encrypted. What came to nothing releases the key. An unknown end is
 * repeated until the operation is final, and then that is answered.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly appKeys: AppKeys,
    private readonly vault: CustomerVault,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Forgets the answers to patches of a customer; a replay is then answered from the trail. */
  forgetAnswersAbout(tenantId: string, customerId: string): Promise<void> {
    return this.store.forgetAnswersAbout(tenantId, customerId);
  }

  /** @throws Problem idempotency-key-reused, idempotency-in-flight, audit-unavailable; what `run` throws */
  async once<Result extends object>(
    request: KeyedRequest<Result>,
    run: () => Promise<Result>,
  ): Promise<Once<Result>> {
    if (request.key === undefined) return run();
    const claim = this.claimOf(request, request.key);
    const claiming = this.store.claim(claim);
    const found = await this.guarded(request, () => claiming).catch((error: unknown) => {
      void this.releaseUnused(claim, claiming);
      throw error;
    });
    switch (found.state) {
      case 'claimed':
        return this.runAndKeep(request, claim, run);
      case 'reused':
        throw new Problem('idempotency-key-reused', 'This idempotency key was used for another request.');
      case 'running':
        throw inFlight();
      case 'abandoned':
        return this.recall(request, claim, found.operationId, run);
      case 'answered':
        return this.replay(request, claim, found, run);
    }
  }

  /** A key that was claimed too late for its request would be in flight for as long as that had time. */
  private async releaseUnused({ id, operationId }: Claim, claiming: Promise<Found>): Promise<void> {
    try {
      if ((await claiming).state === 'claimed') await this.store.release(id, operationId);
    } catch {
      // Then it runs out.
    }
  }

  private async runAndKeep<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    run: () => Promise<Result>,
  ): Promise<Result> {
    try {
      const result = await run();
      await this.keep(
        claim,
        claim.operationId,
        { kind: 'result', value: result },
        request.customerOf(result),
      );
      return result;
    } catch (error) {
      if (error instanceof Problem) await this.settle(claim, error);
      throw error;
    }
  }

  private async replay<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    { operationId, answer }: Extract<Found, { state: 'answered' }>,
    run: () => Promise<Result>,
  ): Promise<Once<Result>> {
    const stored = await this.guarded(request, () => this.open(claim, answer));
    if (stored === undefined) return this.recall(request, claim, operationId, run);
    if (stored.kind === 'result') return { ...request.revive(stored.value), replayed: true };
    const told = replayedProblem(stored.problem);
    if (stored.problem.outcome !== 'unknown') throw told;
    return this.recall(request, claim, operationId, run, told);
  }

  /** Undefined for an answer that was forgotten with its customer, or whose key is gone. */
  private async open({ id, tenantId }: Claim, answer: SealedColumns): Promise<StoredAnswer | undefined> {
    try {
      return readStoredAnswer(await this.vault.open(tenantId, placeOf(id), answer));
    } catch (error) {
      if (error instanceof Forgotten || error instanceof Undecryptable) return undefined;
      throw error;
    }
  }

  /**
   * The trail knows what became of a request that is over.
   * @param unknown what its caller was answered when nobody knew: that again until it is known, and then how it ended
   */
  private async recall<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    operationId: string,
    run: () => Promise<Result>,
    unknown?: Problem,
  ): Promise<Once<Result>> {
    const recalled = await request.recall(operationId);
    if (recalled === undefined || (unknown === undefined && cameToNothing(recalled))) {
      if (!(await this.guarded(request, () => this.store.takeOver(claim, operationId)))) throw inFlight();
      return this.runAndKeep(request, claim, run);
    }
    if ('result' in recalled) {
      const { result } = recalled;
      await this.keep(claim, operationId, { kind: 'result', value: result }, request.customerOf(result));
      return { ...result, replayed: true };
    }
    const { problem, final } = recalled;
    if (!final && unknown !== undefined) throw unknown;
    if (final) await this.settle({ ...claim, operationId }, problem);
    throw replayed(problem);
  }

  /** A problem is kept when its time will not change it, or while nobody knows; else the key is free again. */
  private async settle(claim: Claim, problem: Problem): Promise<void> {
    const { outcome } = problem.options;
    const lasting = outcome === 'unknown' || outcome === 'unverifiable' || DEFINITE.has(problem.status);
    if (lasting) await this.keep(claim, claim.operationId, storedProblem(problem), null);
    else await this.attempt(claim, () => this.store.release(claim.id, claim.operationId));
  }

  private keep(
    claim: Claim,
    operationId: string,
    answer: StoredAnswer,
    customerId: string | null,
  ): Promise<void> {
    const { id, tenantId } = claim;
    return this.attempt(claim, async () => {
      const columns = await this.vault.seal({ tenantId, customerId }, placeOf(id), answer);
      await this.store.keep(id, operationId, columns);
    });
  }

  /** The caller gets the truth all the same; the trail answers a replay for an answer that is not there. */
  private attempt({ deadline }: Claim, store: () => Promise<void>): Promise<void> {
    const stored = store().catch((error: unknown) => {
      this.logger.warn({ error: describeError(error) }, 'an answer could not be kept for replays');
    });
    return atMost(this.clock, deadline, stored);
  }

  private async guarded<Value>(
    { deadline }: Pick<KeyedRequest<never>, 'deadline'>,
    ask: () => Promise<Value>,
  ): Promise<Value> {
    try {
      return await within(this.clock, deadline, ask());
    } catch (error) {
      const detail = 'The idempotency key cannot be looked up at the moment; nothing was sent.';
      throw new Problem('audit-unavailable', detail, { retryAfterS: 5, cause: error });
    }
  }

  private claimOf(
    { owner, asked, operationId, deadline }: Omit<KeyedRequest<never>, 'customerOf' | 'revive' | 'recall'>,
    key: string,
  ): Claim {
    const { tenantId, issuer, client, sub } = owner;
    return {
      id: this.hash([tenantId, issuer, client, sub, key]),
      tenantId,
      fingerprint: this.hash(asked),
      operationId,
      deadline,
      heldForMs: deadline - this.clock.monotonic() + GRACE,
    };
  }

  private hash(value: object): string {
    return this.appKeys.hmac('idempotency-key', canonicalize(value) ?? '');
  }
}

function placeOf(id: string): string {
  return `idempotency-key ${id}`;
}

function inFlight(): Problem {
  const detail = 'A request with this idempotency key is still running.';
  return new Problem('idempotency-in-flight', detail, { headers: { 'Retry-After': '1' } });
}

function replayed(problem: Problem): Problem {
  const { slug, detail, options } = problem;
  return new Problem(slug, detail, { ...options, headers: { ...options.headers, ...REPLAYED } });
}

/** Then the key is free. */
function cameToNothing(recalled: Recalled<object>): boolean {
  return 'problem' in recalled && recalled.final && recalled.problem.options.outcome === 'not_applied';
}
