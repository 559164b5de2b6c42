import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppKeys } from '../crypto/app-keys.js';
import { canonicalize } from '../crypto/canonical.js';
import { CustomerCipher, KeyDestroyed } from '../crypto/customer-cipher.js';
import { Undecryptable } from '../crypto/key-ring.js';
import { AbandonedHolds } from '../database/abandoned-holds.js';
import type { EncryptedColumns, KeptAnswer } from '../database/schema.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { atMost, within } from '../runtime/within.js';
import { type Claim, type Found, IdempotencyStore } from './idempotency-store.js';
import type { Answer, EarlierOutcome, KeepAnswer, KeyClaim, KeyedRequest } from './keyed-request.js';
import {
  readStoredAnswer,
  REPLAYED,
  replayedProblem,
  type StoredAnswer,
  storedProblem,
} from './stored-answer.js';

/** Milliseconds after its deadline when a request is certainly finished. */
const GRACE = 10_000;
/** The statuses, other than a success, that are stored for a day: a retry would get the same answer. */
const DEFINITE: ReadonlySet<number> = new Set([400, 404, 409, 412]);

/**
 * Runs a request once for each key (draft-ietf-httpapi-idempotency-key-header-07), across instances. Successes and
 * definite refusals are stored for a day, encrypted. A request that changed nothing frees its key. An unknown outcome
 * is replayed until the operation is final; then the final outcome is replayed.
 */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly keys: IdempotencyStore,
    private readonly appKeys: AppKeys,
    private readonly cipher: CustomerCipher,
    private readonly clock: Clock,
    private readonly abandoned: AbandonedHolds,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Erases the answers to patches of a customer. A replay is then answered from the trail. */
  forgetAnswersOf(
    ...[transaction, tenantId, operations]: Parameters<IdempotencyStore['forgetAnswersOf']>
  ): Promise<void> {
    return this.keys.forgetAnswersOf(transaction, tenantId, operations);
  }

  /** @throws Problem idempotency-key-reused, idempotency-in-flight, audit-unavailable; the problem answered before */
  async claim<Result extends object>(request: KeyedRequest<Result>): Promise<KeyClaim<Result>> {
    if (request.key === undefined) return { kind: 'no-key' };
    const claim = this.claimOf(request, request.key);
    const found = await this.inTime(claim, () => this.keys.claim(claim));
    switch (found.state) {
      case 'claimed':
        return { kind: 'held', claim };
      case 'reused':
        throw new Problem('idempotency-key-reused', 'This idempotency key was used for another request.');
      case 'running':
        throw inFlight();
      case 'abandoned':
        return this.replayOutcome(request, claim, found.operationId);
      case 'answered':
        return this.replayAnswer(request, claim, found);
    }
  }

  /**
   * Stores the answer of a claimed request for replays, or frees its key.
   * @param run may store the answer itself, with what it gets; undefined without a key
   * @throws what `run` throws
   */
  async keep<Result extends object>(
    request: KeyedRequest<Result>,
    held: Exclude<KeyClaim<Result>, { kind: 'replay' }>,
    run: (keep: KeepAnswer<Result> | undefined) => Promise<Result>,
  ): Promise<Result> {
    if (held.kind === 'no-key') return run(undefined);
    const { claim } = held;
    const answered = { isKept: false };
    const keep: KeepAnswer<Result> = async (answer) => {
      // If it can't be encrypted now, it is tried again below.
      const kept = await this.toKeep(request, claim, answer).catch(() => undefined);
      answered.isKept = kept !== undefined;
      return kept;
    };
    try {
      const result = await run(keep);
      if (!answered.isKept) await this.store(request, claim, { result });
      return result;
    } catch (error) {
      if (error instanceof Problem && !answered.isKept) await this.store(request, claim, { problem: error });
      throw error;
    }
  }

  private async replayAnswer<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    { operationId, answer }: Extract<Found, { state: 'answered' }>,
  ): Promise<KeyClaim<Result>> {
    const stored = await this.inTime(claim, () => this.open(claim, answer));
    if (stored === undefined) return this.replayOutcome(request, claim, operationId);
    if (stored.kind === 'result') return { kind: 'replay', result: request.revive(stored.value) };
    const problem = replayedProblem(stored.problem);
    if (stored.problem.outcome !== 'unknown') throw problem;
    return this.replayOutcome(request, claim, operationId, problem);
  }

  /** Undefined if the answer was erased with its customer, or its key was destroyed. */
  private async open({ id, tenantId }: Claim, answer: EncryptedColumns): Promise<StoredAnswer | undefined> {
    try {
      return readStoredAnswer(await this.cipher.decrypt(tenantId, placeOf(id), answer));
    } catch (error) {
      if (error instanceof KeyDestroyed || error instanceof Undecryptable) return undefined;
      throw error;
    }
  }

  /**
   * Gets the outcome of a finished request from the trail.
   * @param unknown the answer while the outcome was unknown; it is replayed until the outcome is known
   */
  private async replayOutcome<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    operationId: string,
    unknown?: Problem,
  ): Promise<KeyClaim<Result>> {
    const earlier = await request.findOutcome(operationId);
    if (earlier === undefined || (unknown === undefined && changedNothing(earlier))) {
      if (!(await this.inTime(claim, () => this.keys.takeOver(claim, operationId)))) throw inFlight();
      return { kind: 'held', claim };
    }
    if ('result' in earlier) {
      const { result } = earlier;
      await this.store(request, { ...claim, operationId }, { result });
      return { kind: 'replay', result };
    }
    const { problem, final } = earlier;
    if (!final && unknown !== undefined) throw unknown;
    if (final) await this.store(request, { ...claim, operationId }, { problem });
    throw replayed(problem);
  }

  /**
   * Stores an answer, or frees the key. The caller gets the true answer in any case. If the answer is not stored, a replay
   * is answered from the trail.
   */
  private store<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    answer: Answer<Result>,
  ): Promise<void> {
    const stored = this.toKeep(request, claim, answer)
      .then((kept) => (kept === undefined ? this.free(claim) : this.keys.keep(kept)))
      .catch((error: unknown) => {
        this.logger.warn({ error: describeError(error) }, 'an answer could not be stored for replays');
      });
    return atMost(this.clock, claim.deadline, stored);
  }

  private async free({ id, operationId }: Claim): Promise<void> {
    try {
      await this.keys.release(id, operationId);
    } catch {
      this.abandoned.add('idempotency_key', operationId);
    }
  }

  /** A problem is stored if time does not change it, or while the outcome is unknown. */
  private async toKeep<Result extends object>(
    request: KeyedRequest<Result>,
    claim: Claim,
    answer: Answer<Result>,
  ): Promise<KeptAnswer | undefined> {
    if ('result' in answer) {
      const { result } = answer;
      return this.encrypted(claim, { kind: 'result', value: result }, request.customerOf(result));
    }
    const { problem } = answer;
    const { outcome } = problem.options;
    const lasting = outcome === 'unknown' || outcome === 'unverifiable' || DEFINITE.has(problem.status);
    return lasting ? this.encrypted(claim, storedProblem(problem), null) : undefined;
  }

  private async encrypted(
    { id, tenantId, operationId }: Claim,
    answer: StoredAnswer,
    customerId: string | null,
  ): Promise<KeptAnswer> {
    const columns = await this.cipher.encrypt({ tenantId, customerId }, placeOf(id), answer);
    return { key_id: id, operation_id: operationId, ...columns };
  }

  private async inTime<Value>({ deadline, operationId }: Claim, ask: () => Promise<Value>): Promise<Value> {
    const asked = ask();
    try {
      return await within(this.clock, deadline, asked);
    } catch (error) {
      this.abandoned.addAfter(asked, 'idempotency_key', operationId);
      const detail = 'The idempotency key cannot be looked up at the moment; nothing was sent.';
      throw new Problem('audit-unavailable', detail, { retryAfterS: 5, cause: error });
    }
  }

  private claimOf(
    {
      owner,
      asked,
      operationId,
      deadline,
    }: Omit<KeyedRequest<never>, 'customerOf' | 'revive' | 'findOutcome'>,
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

/** Where the answer of a key is stored, for its encryption. */
export function placeOf(id: string): string {
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

/** Then the key is freed. */
function changedNothing(earlier: EarlierOutcome<object>): boolean {
  return 'problem' in earlier && earlier.final && earlier.problem.options.outcome === 'not_applied';
}
