import { Injectable } from '@nestjs/common';
import type { AuditedRequest } from '../audit/audit-event.js';
import { AuditTrail, provenanceOf } from '../audit/audit-trail.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import { type BillingCall, BillingClient, type BillingResult } from '../billing/billing.client.js';
import { listProblem, problemOf, readProblem, TOKEN_REJECTED } from '../billing/billing-problem.js';
import { Bulkhead, NO_SLOT } from '../billing/bulkhead.js';
import type { CustomerList } from '../billing/customer-list.dto.js';
import type { Customer } from '../billing/customer.dto.js';
import { Config } from '../config/config.js';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';
import { Clock } from '../runtime/clock.js';
import { within } from '../runtime/within.js';
import type { Tenant } from '../tenants/tenant.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';
import { CustomerLeases, LeaseTaken, LeaseUnavailable } from './customer-leases.js';
import { EntityTags, type IfMatch } from './entity-tags.js';
import { LaterPatches } from './later-patches.js';
import { bodyOf, diffOf, isSameCustomer } from './patch-diff.js';
import { PatchJournal, type PatchResult } from './patch-journal.js';
import * as outcome from './patch-outcome.js';
import { PatchReplay } from './patch-replay.js';
import type { AdmittedPatch, PatchContext, PatchRequest } from './patch-request.js';

/** How much of the time that is left a read before a patch may take: the patch and a read after it follow. */
const SHARE_OF_FIRST_READ = 1 / 3;
/** How much of a request's time, and how many milliseconds at most, are kept for storing its outcome. */
const SHARE_OF_OUTCOME = 1 / 10;
const MAX_FOR_OUTCOME = 1_000;

/** Reads, lists and patches customers. `patch` is the story of a patch, from its idempotency key to its outcome. */
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
    private readonly clock: Clock,
  ) {}

  /**
   * Reads a customer.
   * @throws Problem why it could not be read
   */
  async get(request: AuditedRequest, customerRef: string, deadline: number): Promise<Customer> {
    const answer = await this.ask(request, deadline, (call) => this.billing.readCustomer(call, customerRef));
    if (answer.kind !== 'success') throw readProblem(answer);
    return answer.value;
  }

  /**
   * Lists customers, one page.
   * @throws Problem why they could not be listed
   */
  async list(
    request: AuditedRequest,
    query: Readonly<Record<string, string>>,
    deadline: number,
  ): Promise<CustomerList> {
    const answer = await this.ask(request, deadline, (call) => this.billing.listCustomers(call, query));
    if (answer.kind !== 'success') throw listProblem(answer);
    return answer.value;
  }

  /** Reads with the tenant's token and a slot at the billing API. */
  private async ask<Value>(
    request: AuditedRequest,
    deadline: number,
    read: (call: BillingCall) => Promise<BillingResult<Value>>,
  ): Promise<BillingAnswer<Value>> {
    const tenant = await this.withToken(request.principal.tenant, deadline);
    if (tenant === undefined) throw problemOf(TOKEN_REJECTED);
    const leave = await this.bulkhead.enter(tenant, deadline);
    if (leave === undefined) return NO_SLOT;
    const provenance = provenanceOf(request);
    const call = { tenant, provenance, operationId: null, trace: request.trace, deadline };
    return (await read(call).finally(leave)).answer;
  }

  /**
   * Patches a customer, once for each idempotency key.
   * @throws Problem what became of the patch, when it did not succeed
   */
  async patch(request: PatchRequest): Promise<PatchResult> {
    const patch = this.begin(request);
    const keyed = this.replay.keyed(patch);
    const claim = await this.keys.claim(keyed);
    if (claim.kind === 'replay') return { ...claim.result, replayed: true };
    return this.keys.keep(keyed, claim, () => this.carryOut(patch));
  }

  private begin(request: PatchRequest): PatchContext {
    const operation = this.trail.begin(request.audited, request.customerRef, request.deadline);
    const { customerRef } = request;
    const diff = diffOf(request.fields, undefined);
    const customerId = operation.target.customer_id;
    return { ...operation, request, customerRef, customerId, before: undefined, diff };
  }

  /** With the tenant's token and a slot at the billing API. */
  private async carryOut(patch: PatchContext): Promise<PatchResult> {
    const { request, answerBy } = patch;
    const tenant = await this.withToken(request.audited.principal.tenant, answerBy);
    if (tenant === undefined) return this.journal.unsent(patch, outcome.withoutToken(patch));
    const leave = await this.bulkhead.enter(tenant, answerBy);
    if (leave === undefined) return this.journal.unsent(patch, outcome.notRead(NO_SLOT, patch));
    const forOutcome = Math.min(MAX_FOR_OUTCOME, this.config.billing.deadlineMs * SHARE_OF_OUTCOME);
    const admitted = { ...patch, tenant, trace: request.audited.trace, deadline: answerBy - forOutcome };
    try {
      const { ifMatch, dryRun } = request;
      if (ifMatch !== undefined && !dryRun) return await this.sendAlone(admitted, ifMatch);
      const reads = dryRun || this.config.billing.preRead === 'always';
      return await this.compareAndSend(admitted, reads ? await this.read(admitted) : undefined);
    } finally {
      leave();
    }
  }

  /**
   * The story of a patch: compare, record the intent, send, look what became of it where the answer leaves that open,
   * record the outcome.
   * @param read the read before; undefined when the customer is patched unread
   */
  private async compareAndSend(
    admitted: AdmittedPatch,
    read: BillingResult | undefined,
  ): Promise<PatchResult> {
    const patch = this.compared(admitted, read);
    const unsent = this.outcomeUnsent(patch, read);
    if (unsent !== undefined) return this.journal.unsent(patch, unsent, read);
    await this.journal.intent(patch);
    const sent = await this.billing.patchCustomer(patch, patch.customerRef, {
      body: bodyOf(patch.diff),
      operationId: patch.operationId,
      // Without a read, nothing proves that a 503 was not applied.
      isRepeatable: (answer) => patch.before !== undefined || answer.kind === 'refused',
      isStillSafe: (tenant) => this.isAsRead({ ...patch, tenant }),
    });
    const seen = outcome.isAmbiguous(sent.answer)
      ? await this.readAfter({ ...patch, tenant: sent.tenant })
      : undefined;
    return this.journal.sent(patch, outcome.outcomeOf(sent.answer, seen, patch), sent);
  }

  /** `If-Match` patches of a customer run one at a time; only a customer that is as expected is worth waiting for. */
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

  /** With the customer that was read, if one was: only the fields that differ from it are sent, by its id. */
  private compared(patch: AdmittedPatch, read: BillingResult | undefined): AdmittedPatch {
    if (read === undefined) return patch;
    const { tenant } = read;
    const before = customerIn(read);
    if (before === undefined) return { ...patch, tenant };
    const diff = diffOf(patch.request.fields, before);
    return { ...patch, tenant, before, diff, customerRef: before.id, customerId: before.id };
  }

  /** The outcome of a patch that is not sent; undefined for one that is. */
  private outcomeUnsent(
    patch: AdmittedPatch,
    read: BillingResult | undefined,
  ): outcome.PatchOutcome | undefined {
    const { before, request, tenant } = patch;
    const { ifMatch, dryRun } = request;
    if (before !== undefined) {
      const comparison = this.tags.compare(ifMatch ?? '*', tenant.id, before);
      if (!comparison.holds) return outcome.preconditionFailed(patch, comparison);
      if (dryRun) return outcome.previewed(patch, before);
      if (patch.diff.sent.length === 0) return outcome.unchanged(patch, before);
    } else if (read !== undefined && read.answer.kind !== 'success') {
      // A read that tells nothing stops only what cannot do without it.
      const needsRead = ifMatch !== undefined || dryRun;
      if (needsRead || outcome.stopsPatch(read.answer)) return outcome.notRead(read.answer, patch);
    }
    const isOver = this.clock.monotonic() >= patch.deadline;
    return isOver ? outcome.notRead({ kind: 'deadline-exceeded' }, patch) : undefined;
  }

  /** The customer after an answer that leaves open what became of the patch; undefined when it proves nothing. */
  private async readAfter(patch: AdmittedPatch): Promise<Customer | undefined> {
    const customer = customerIn(await this.billing.readCustomer(patch, patch.customerRef));
    if (customer === undefined || (await this.laterPatches.mayHaveUndone(patch, customer))) return undefined;
    return customer;
  }

  /** Whether the customer still is as it was read before; so it is when it was not read. */
  private async isAsRead(patch: AdmittedPatch): Promise<boolean> {
    if (patch.before === undefined) return true;
    const now = customerIn(await this.read(patch));
    return now !== undefined && isSameCustomer(patch.before, now);
  }

  private read(patch: BillingCall & Pick<AdmittedPatch, 'customerRef'>): Promise<BillingResult> {
    return this.billing.readCustomer(patch, patch.customerRef, SHARE_OF_FIRST_READ);
  }

  /** A token that was rejected is tried again once in a while; a database that does not say when is no reason to. */
  private withToken(tenant: Tenant, deadline: number): Promise<EquippedTenant | undefined> {
    return within(this.clock, deadline, this.credentials.usable(tenant)).catch(() => undefined);
  }
}

function customerIn({ answer }: BillingResult): Customer | undefined {
  return answer.kind === 'success' ? answer.value : undefined;
}
