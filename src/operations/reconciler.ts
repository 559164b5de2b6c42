import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditQueries } from '../audit/audit-queries.js';
import type { Operation } from '../audit/audit-records.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { ChangeValues } from '../audit/change-values.js';
import { aliasesIn } from '../audit/customer-aliases.js';
import { latestOutcome } from '../audit/latest-outcome.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import { BillingClient } from '../billing/billing.client.js';
import { Bulkhead, NO_SLOT } from '../billing/bulkhead.js';
import type { Customer } from '../billing/customer.dto.js';
import { CustomerCipher, KeyDestroyed } from '../crypto/customer-cipher.js';
import { Undecryptable } from '../crypto/key-ring.js';
import { outcomeBesideIntent } from '../customers/audit-changes.js';
import { LaterPatches } from '../customers/later-patches.js';
import { type PatchSnapshot, placeOf, readSnapshot, snapshotFrom } from '../customers/patch-snapshot.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { TenantCache } from '../tenants/tenant-cache.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import { type OpenOperationRow, OpenOperations } from './open-operations.js';
import { conclude, nextRead, unverifiable, type Verdict } from './verdict.js';

/** Milliseconds between two polls for operations that are due. */
const POLL_EVERY = 1_000;
/** Milliseconds for one read, including its retries. */
const READ_WITHIN = 10_000;
/** Polls between two counts of unknown operations. */
const COUNT_EVERY = 15;

/**
 * Finds the outcomes of patches whose requests could not prove them, by reading their customers again. Closes
 * operations that a crash left open. Every instance does this; only one instance works on an operation at a time.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly poller: Poller;
  private polls = 0;

  constructor(
    private readonly operations: OpenOperations,
    private readonly events: AuditQueries,
    private readonly trail: AuditTrail,
    private readonly cipher: CustomerCipher,
    private readonly values: ChangeValues,
    private readonly tenants: TenantCache,
    private readonly credentials: TenantCredentials,
    private readonly billing: BillingClient,
    private readonly laterPatches: LaterPatches,
    private readonly bulkhead: Bulkhead,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const failed = errorLine(logger, 'reconciling failed unexpectedly');
    this.poller = new Poller(clock, POLL_EVERY, () => this.poll(), failed);
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  /** Finishes the operations it has claimed. */
  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async poll(): Promise<void> {
    try {
      if (this.polls++ % COUNT_EVERY === 0) {
        const { count, oldestSeconds } = await this.operations.countUnknown();
        this.metrics.operationsUnknown(count, oldestSeconds);
      }
      let taken = await this.operations.take();
      while (taken.length > 0) {
        await Promise.all(taken.map((row) => this.tryToResolve(row)));
        taken = this.poller.stopped ? [] : await this.operations.take();
      }
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'open operations could not be resolved');
    }
  }

  /** A failed operation is claimed again when its lease has expired. */
  private async tryToResolve(row: OpenOperationRow): Promise<void> {
    try {
      this.metrics.reconcilerLooked((await this.resolve(row)) ? 'resolved' : 'open');
    } catch (error) {
      this.metrics.reconcilerLooked('failure');
      const { id: operation_id, tenant_id } = row;
      this.logger.warn({ operation_id, tenant_id, error: describeError(error) }, 'an operation stays open');
    }
  }

  /** Returns false if the operation stays open. */
  private async resolve(row: OpenOperationRow): Promise<boolean> {
    const events = (await this.events.ofOperation(row.tenant_id, row.id)).filter(isOfPatch);
    const intent = events.find(({ phase }) => phase === 'intent');
    const last = latestOutcome(events);
    if (intent === undefined || (last !== undefined && last.outcome !== 'unknown')) {
      await this.operations.drop(row.id);
      return true;
    }
    const snapshot = await this.snapshotOf(row, intent);
    // The age of the operation when it was claimed counts, not the time of the read.
    const answer = snapshot && (await this.read(row, intent, snapshot));
    const customerId = intent.target?.customer_id ?? null;
    const verdict = conclude({ row, customerId, snapshot, answer });
    if (verdict === undefined) await this.operations.postpone(row.id, nextRead(row));
    else if (verdict.outcome === 'not_applied' && (await this.mayBeUndone(row, intent, snapshot)))
      await this.close(row, last ?? intent, unverifiable(customerId, snapshot), snapshot);
    else await this.close(row, last ?? intent, verdict, snapshot);
    return verdict !== undefined;
  }

  private async mayBeUndone(
    { tenant_id }: OpenOperationRow,
    intent: AuditEvent,
    snapshot: PatchSnapshot | undefined,
  ): Promise<boolean> {
    const customerId = intent.target?.customer_id ?? null;
    if (snapshot === undefined || customerId === null) return false;
    return this.laterPatches.haveUndone(intent, snapshot.diff, tenant_id, customerId);
  }

  private async close(
    row: OpenOperationRow,
    last: AuditEvent,
    verdict: Verdict,
    snapshot: PatchSnapshot | undefined,
  ): Promise<void> {
    const { upstream, credential } = last;
    const { effects, seen, ...ended } = verdict;
    const recorded =
      snapshot === undefined
        ? { changes: [], values: [] }
        : outcomeBesideIntent(effects, snapshot.diff, seen);
    const aliases = aliasesIn([snapshot?.customerRef, seen?.alias]);
    await this.trail.outcome(
      { ...operationOf(row, last), aliases },
      {
        ...ended,
        ...recorded,
        status: null,
        upstream,
        credential,
      },
    );
    this.metrics.patchEnded(ended.outcome, effects);
    this.logger.info(
      { operation_id: row.id, tenant_id: row.tenant_id, outcome: verdict.outcome },
      'an operation is resolved',
    );
  }

  /** Undefined if its key was destroyed or can't be decrypted: then nothing can be compared. */
  private async snapshotOf(row: OpenOperationRow, intent: AuditEvent): Promise<PatchSnapshot | undefined> {
    const { id, tenant_id, own_key, encrypted } = row;
    const customer_id = intent.target?.customer_id ?? null;
    try {
      if (encrypted !== null) {
        const columns = { customer_id, own_key, encrypted };
        return readSnapshot(await this.cipher.decrypt(tenant_id, placeOf(id), columns));
      }
      const stored = await this.events.find(tenant_id, intent.id);
      const values = stored && (await this.values.open(stored));
      return values && snapshotFrom(customer_id ?? '', values);
    } catch (error) {
      if (error instanceof KeyDestroyed || error instanceof Undecryptable) return undefined;
      throw error;
    }
  }

  /** Undefined if there is no token for the read. */
  private async read(
    { id: operationId, tenant_id }: OpenOperationRow,
    intent: AuditEvent,
    { customerRef }: PatchSnapshot,
  ): Promise<BillingAnswer<Customer> | undefined> {
    const found = await this.tenants.find(tenant_id);
    const tenant = found === null ? undefined : await this.credentials.usable(found);
    if (tenant === undefined) return undefined;
    const { provenance } = operationOf({ id: operationId }, intent);
    const trace = { traceId: provenance.trace_id, flags: '00' };
    const deadline = this.clock.monotonic() + READ_WITHIN;
    const leave = await this.bulkhead.enter(tenant, deadline);
    if (leave === undefined) return NO_SLOT;
    const call = { provenance, operationId, trace, tenant, deadline };
    const { answer } = await this.billing.readCustomer(call, customerRef).finally(leave);
    return answer;
  }
}

/** The operation from the trail: its events have the original caller, not the instance that closes it. */
function operationOf({ id: operationId }: Pick<OpenOperationRow, 'id'>, intent: AuditEvent): Operation {
  const { tenant_id, actor, origin, request_id, trace_id, target, reverts } = intent;
  const provenance = { tenant_id, actor, origin, request_id, trace_id };
  return {
    operationId,
    provenance,
    target: target ?? { ref: '', customer_id: null },
    aliases: [],
    reverts,
    answerBy: Infinity,
  };
}

function isOfPatch({ action }: AuditEvent): boolean {
  return action === 'customer.patch';
}
