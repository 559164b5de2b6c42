import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import {
  type BillingCall,
  BillingClient,
  type BillingResult,
  type OutgoingPatch,
} from '../billing/billing.client.js';
import { Bulkhead, NO_SLOT } from '../billing/bulkhead.js';
import type { Customer } from '../billing/customer.dto.js';
import { Config } from '../config/config.js';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';
import { Clock } from '../runtime/clock.js';
import { Tracing } from '../runtime/tracing.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import { CustomerLeases, LeaseTaken, LeaseUnavailable } from './customer-leases.js';
import { EntityTags, type IfMatch } from './entity-tags.js';
import { LaterPatches } from './later-patches.js';
import { bodyOf, diffOf, isSameCustomer } from './patch-diff.js';
import { PatchJournal } from './patch-journal.js';
import * as outcome from './patch-outcome.js';
import { PatchReplay } from './patch-replay.js';
import type { AdmittedPatch, PatchContext, PatchRequest, PatchResult } from './patch-request.js';
import { isOfAnother, RevertedOperations } from './reverted-operations.js';

/**
 * Share of the remaining time for one attempt of the read before a patch. The rest is for the patch and the read
 * after it.
 */
const SHARE_OF_FIRST_READ = 1 / 3;
/** Share of a request's deadline, and maximum milliseconds, kept for storing its outcome. */
const SHARE_OF_OUTCOME = 1 / 10;
const MAX_FOR_OUTCOME = 1_000;

/** Patches customers: all steps of a patch, from its idempotency key to its outcome. */
@Injectable()
export class CustomersService {
  constructor(
    private readonly config: Config,
    private readonly trail: AuditTrail,
    private readonly keys: IdempotencyKeys,
    private readonly replay: PatchReplay,
    private readonly credentials: TenantCredentials,
    private readonly bulkhead: Bulkhead,
    private readonly billing: BillingClient,
    private readonly tags: EntityTags,
    private readonly leases: CustomerLeases,
    private readonly journal: PatchJournal,
    private readonly laterPatches: LaterPatches,
    private readonly reverted: RevertedOperations,
    private readonly clock: Clock,
    private readonly tracing: Tracing,
  ) {}

  /**
   * Patches a customer, once for each idempotency key.
   * @throws Problem if the patch did not succeed; it has the outcome
   */
  async patch(request: PatchRequest): Promise<PatchResult> {
    const patch = this.begin(request, await this.reverted.customerOf(request));
    const keyed = this.replay.keyed(patch);
    const claim = await this.keys.claim(keyed);
    if (claim.kind === 'replay') return { ...claim.result, replayed: true };
    return this.keys.keep(keyed, claim, (keep) => this.carryOut({ ...patch, keep }));
  }

  private begin(request: PatchRequest, revertedCustomer: string | undefined): PatchContext {
    const { audited, customerRef, deadline, reverts } = request;
    const operation = this.trail.begin(audited, customerRef, deadline, reverts);
    return {
      request,
      customerRef,
      customerId: operation.target.customer_id,
      diff: diffOf(request.fields, undefined),
      before: undefined,
      keep: undefined,
      revertedCustomer,
      ...operation,
    };
  }

  /** Carries out a patch with the tenant's token and a bulkhead slot. */
  private async carryOut(patch: PatchContext): Promise<PatchResult> {
    const { request, answerBy } = patch;
    const tenant = await this.credentials.usableBy(request.audited.principal.tenant, answerBy);
    if (tenant === undefined) return this.journal.unsent(patch, outcome.withoutToken(patch));
    const leave = await this.bulkhead.enter(tenant, answerBy);
    if (leave === undefined) return this.journal.unsent(patch, outcome.notRead(NO_SLOT, patch));
    const forOutcome = Math.min(MAX_FOR_OUTCOME, this.config.billing.deadlineMs * SHARE_OF_OUTCOME);
    const admitted = { tenant, trace: request.audited.trace, deadline: answerBy - forOutcome, ...patch };
    try {
      const { ifMatch } = request;
      if (ifMatch !== undefined) return await this.sendAlone(admitted, ifMatch);
      const mustRead = mustKnowCustomer(patch);
      const reads = mustRead || this.config.billing.preRead === 'always';
      return await this.compareAndSend(admitted, reads ? await this.read(admitted) : undefined);
    } finally {
      leave();
    }
  }

  /**
   * The steps of a patch: compare, record the intent, send, read the customer again if the answer does not prove the
   * outcome, record the outcome.
   * @param read the read before; undefined if the customer is patched without a read
   */
  private async compareAndSend(
    admitted: AdmittedPatch,
    read: BillingResult | undefined,
  ): Promise<PatchResult> {
    const patch = this.compared(admitted, read);
    const unsent = this.outcomeUnsent(patch, read);
    if (unsent !== undefined) return this.journal.unsent(patch, unsent, read);
    await this.journal.intent(patch);
    const sent = await this.send(patch);
    const seen = outcome.isAmbiguous(sent.answer)
      ? await this.readAfter({ ...patch, tenant: sent.tenant })
      : undefined;
    return this.journal.sent(patch, outcome.outcomeOf(sent.answer, seen, patch), sent);
  }

  private send(patch: AdmittedPatch): Promise<BillingResult> {
    const outgoing: OutgoingPatch = {
      body: bodyOf(patch.diff),
      operationId: patch.operationId,
      // Without a read, nothing proves that a 503 was not applied.
      isRepeatable: (answer) => patch.before !== undefined || answer.kind === 'refused',
      isStillSafe: (tenant) => this.isAsRead({ ...patch, tenant }),
    };
    return this.tracing.span('send', () => this.billing.patchCustomer(patch, patch.customerRef, outgoing));
  }

  /**
   * `If-Match` patches of a customer run one at a time. A patch waits for its turn only if the customer has the
   * expected state.
   */
  private async sendAlone(admitted: AdmittedPatch, ifMatch: IfMatch): Promise<PatchResult> {
    const read = await this.read(admitted);
    const patch = this.compared(admitted, read);
    const { before, tenant, operationId, deadline } = patch;
    if (before === undefined || !this.tags.compare(ifMatch, tenant.id, before).holds)
      return this.compareAndSend(admitted, read);
    const holder = { tenantId: tenant.id, customerId: before.id, operationId, deadline };
    const byId = { ...admitted, customerRef: before.id };
    try {
      return await this.leases.alone(holder, async () => this.compareAndSend(byId, await this.read(byId)));
    } catch (error) {
      if (error instanceof LeaseUnavailable)
        return this.journal.unsent(patch, outcome.leaseUnavailable(patch), read);
      if (error instanceof LeaseTaken) return this.journal.unsent(patch, outcome.leaseTaken(patch), read);
      throw error;
    }
  }

  /** Adds the customer, if it was read: then only the fields that differ are sent, to the customer's id. */
  private compared(patch: AdmittedPatch, read: BillingResult | undefined): AdmittedPatch {
    if (read === undefined) return patch;
    const { tenant } = read;
    const before = customerIn(read);
    if (before === undefined) return { ...patch, tenant };
    const diff = diffOf(patch.request.fields, before);
    return { ...patch, tenant, before, diff, customerRef: before.id, customerId: before.id };
  }

  /** The outcome of a patch that is not sent; undefined if it is sent. */
  private outcomeUnsent(
    patch: AdmittedPatch,
    read: BillingResult | undefined,
  ): outcome.PatchOutcome | undefined {
    const { before, request, tenant } = patch;
    const { ifMatch } = request;
    if (isOfAnother(patch)) return outcome.revertsAnother(patch);
    if (before !== undefined) {
      const comparison = this.tags.compare(ifMatch ?? '*', tenant.id, before);
      if (!comparison.holds) return outcome.preconditionFailed(patch, comparison);
      if (patch.diff.sent.length === 0) return outcome.unchanged(patch, before);
    } else if (read !== undefined && read.answer.kind !== 'success') {
      // A failed read stops only requests that need it.
      const needsRead = ifMatch !== undefined || mustKnowCustomer(patch);
      if (needsRead || outcome.stopsPatch(read.answer)) return outcome.notRead(read.answer, patch);
    }
    const isOver = this.clock.monotonic() >= patch.deadline;
    return isOver ? outcome.notRead({ kind: 'deadline-exceeded' }, patch) : undefined;
  }

  /** The customer after an ambiguous answer; undefined if it proves nothing. */
  private async readAfter(patch: AdmittedPatch): Promise<Customer | undefined> {
    const look = (): Promise<BillingResult> => this.billing.readCustomer(patch, patch.customerRef);
    const customer = customerIn(await this.tracing.span('look', look));
    if (customer === undefined || (await this.laterPatches.mayHaveUndone(patch, customer))) return undefined;
    return customer;
  }

  /** Whether the customer is as it was read before; true if it was not read. */
  private async isAsRead(patch: AdmittedPatch): Promise<boolean> {
    if (patch.before === undefined) return true;
    const now = customerIn(await this.read(patch));
    return now !== undefined && isSameCustomer(patch.before, now);
  }

  private read(patch: BillingCall & Pick<AdmittedPatch, 'customerRef'>): Promise<BillingResult> {
    const read = (): Promise<BillingResult> =>
      this.billing.readCustomer(patch, patch.customerRef, SHARE_OF_FIRST_READ);
    return this.tracing.span('read', read);
  }
}

/** An alias does not tell whether the patch undoes an operation on the same customer. */
function mustKnowCustomer({ revertedCustomer, customerId }: PatchContext): boolean {
  return revertedCustomer !== undefined && customerId === null;
}

function customerIn({ answer }: BillingResult): Customer | undefined {
  return answer.kind === 'success' ? answer.value : undefined;
}
