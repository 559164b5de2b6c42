import { Injectable } from '@nestjs/common';
import type { AuditedRequest } from '../audit/audit-event.js';
import type { Operation } from '../audit/audit-acts.js';
import { AuditTrail, provenanceOf } from '../audit/audit-trail.js';
import { Bulkhead, NO_SLOT } from '../billing/bulkhead.js';
import type { Customer } from '../billing/customer.dto.js';
import { Config } from '../config/config.js';
import { IdempotencyKeys, type Once } from '../idempotency/idempotency-keys.js';
import { Clock } from '../runtime/clock.js';
import { within } from '../runtime/within.js';
import type { Tenant } from '../tenants/tenant.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';
import type { Errand, Exchange } from './billing-exchange.js';
import { CustomerLeases, LeaseTaken, LeaseUnavailable } from './customer-leases.js';
import { customerIn, CustomerReader } from './customer-reader.js';
import { EntityTags } from './entity-tags.js';
import type { IfMatch } from './if-match.js';
import { PastPatches, type PatchResult } from './past-patches.js';
import type { PatchCommand } from './patch-command.js';
import * as end from './patch-end.js';
import { previewOf } from './patch-preview.js';
import { type PatchPlan, planPatch } from './patch-plan.js';
import { PatchRecords } from './patch-records.js';
import { PatchSender } from './patch-sender.js';
import { readProblem, tokenRejected } from './read-problem.js';

/** How much of a request's time, and how many milliseconds at most, are kept for storing its outcome. */
const FOR_OUTCOME = 1 / 10;
const MAX_FOR_OUTCOME = 1_000;

/** A patch under way. */
interface Patching {
  readonly operation: Operation;
  readonly command: PatchCommand;
  readonly errand: Errand;
}

@Injectable()
export class CustomersService {
  constructor(
    private readonly config: Config,
    private readonly trail: AuditTrail,
    private readonly keys: IdempotencyKeys,
    private readonly past: PastPatches,
    private readonly credentials: TenantCredentials,
    private readonly bulkhead: Bulkhead,
    private readonly reader: CustomerReader,
    private readonly tags: EntityTags,
    private readonly leases: CustomerLeases,
    private readonly sender: PatchSender,
    private readonly records: PatchRecords,
    private readonly clock: Clock,
  ) {}

  /**
   * The story of a patch. A key seen before gets the answer it got. Else the customer is read, what differs is made
   * a durable intent and sent, its end is found out and made durable, and the caller gets the truth.
   * @throws Problem how it ended when it did not succeed
   */
  patch(command: PatchCommand): Promise<Once<PatchResult>> {
    const operation = this.trail.begin(command.request, command.customerRef, command.deadline);
    return this.keys.once(this.past.keyed(operation, command), () => this.carryOut(operation, command));
  }

  /**
   * Reads a customer.
   * @throws Problem why it could not be read
   */
  async get(request: AuditedRequest, customerRef: string, deadline: number): Promise<Customer> {
    const tenant = await this.usable(request.principal.tenant, deadline);
    if (tenant === undefined) throw tokenRejected();
    const provenance = provenanceOf(request);
    const errand = { provenance, operationId: null, trace: request.trace, tenant, deadline };
    const leave = await this.bulkhead.enter(tenant, deadline);
    if (leave === undefined) throw readProblem(NO_SLOT);
    const { answer } = await this.reader.read(errand, customerRef).finally(leave);
    if (answer.kind !== 'customer') throw readProblem(answer);
    return answer.customer;
  }

  private async carryOut(operation: Operation, command: PatchCommand): Promise<PatchResult> {
    const tenant = await this.usable(command.request.principal.tenant, command.deadline);
    if (tenant === undefined) {
      const nothingSent = end.withoutToken(endingOf(operation, planPatch(command.patch, undefined)));
      return this.unsent(operation, command, nothingSent, undefined);
    }
    const leave = await this.bulkhead.enter(tenant, command.deadline);
    if (leave === undefined) {
      const nothingSent = end.ofRead(NO_SLOT, endingOf(operation, planPatch(command.patch, undefined)));
      return this.unsent(operation, command, nothingSent, undefined);
    }
    return this.readAndSend({
      operation,
      command,
      errand: this.errandOf(operation, command, tenant),
    }).finally(leave);
  }

  private async readAndSend(patching: Patching): Promise<PatchResult> {
    const { command } = patching;
    if (command.ifMatch !== undefined && !command.dryRun) return this.patchIfMatch(patching, command.ifMatch);
    return this.compareAndSend(patching, this.mustRead(command) ? await this.read(patching) : undefined);
  }

  /** One at a time for each customer; only a customer that is as expected is worth waiting for. */
  private async patchIfMatch(patching: Patching, ifMatch: IfMatch): Promise<PatchResult> {
    const { operation, command, errand } = patching;
    const read = await this.read(patching);
    const customer = customerIn(read);
    if (customer === undefined || !this.tags.compare(ifMatch, errand.tenant.id, customer).holds)
      return this.compareAndSend(patching, read);
    const { deadline } = errand;
    const holder = {
      tenantId: errand.tenant.id,
      customerId: customer.id,
      operationId: operation.id,
      deadline,
    };
    const byId = { ...patching, command: { ...command, customerRef: customer.id } };
    try {
      return await this.leases.alone(holder, async () => this.compareAndSend(byId, await this.read(byId)));
    } catch (error) {
      const ending = endingOf(operation, planPatch(command.patch, customer), customer);
      if (error instanceof LeaseUnavailable)
        return this.unsent(operation, command, end.withoutLease(ending), read);
      if (error instanceof LeaseTaken) return this.unsent(operation, command, end.busy(ending), read);
      throw error;
    }
  }

  private read({ errand, command }: Patching): Promise<Exchange> {
    return this.reader.readBefore(errand, command.customerRef);
  }

  /** @param read undefined when the customer is patched unread */
  private async compareAndSend(patching: Patching, read: Exchange | undefined): Promise<PatchResult> {
    const { operation, command } = patching;
    const before = read && customerIn(read);
    const plan = planPatch(command.patch, before);
    const ending = endingOf(operation, plan, before);
    if (read !== undefined && before === undefined && this.endsWith(read, command))
      return this.unsent(operation, command, end.ofRead(read.answer, ending), read);
    if (before !== undefined) {
      const { holds, moved, altered } = this.tags.compare(
        command.ifMatch ?? '*',
        patching.errand.tenant.id,
        before,
      );
      if (!holds)
        return this.unsent(operation, command, end.preconditionFailed(ending, moved, altered), read);
      if (command.dryRun) return this.preview(operation, plan, before, read);
      if (plan.sent.length === 0) return this.unsent(operation, command, end.unchanged(ending, before), read);
    }
    const errand = { ...patching.errand, tenant: read?.tenant ?? patching.errand.tenant };
    if (this.clock.monotonic() >= errand.deadline)
      return this.unsent(operation, command, end.ofRead({ kind: 'out-of-time' }, ending), read);
    return this.send({ ...patching, errand }, plan, before);
  }

  /** The intent, the patch, a look at what became of it where that is not clear, the outcome. */
  private async send(
    { operation, command, errand }: Patching,
    plan: PatchPlan,
    before: Customer | undefined,
  ): Promise<PatchResult> {
    const ending = endingOf(operation, plan, before);
    const customerRef = before?.id ?? command.customerRef;
    await this.records.intent(operation, errand, ending.customerId, { customerRef, plan });
    const sent = await this.sender.send(errand, { operationId: operation.id, customerRef, plan, before });
    const seen = end.isAmbiguous(sent.answer)
      ? customerIn(await this.reader.read({ ...errand, tenant: sent.tenant }, customerRef))
      : undefined;
    const proves = seen !== undefined && !(await this.past.mayBeUndone(operation, plan, seen));
    return this.records.sent(operation, end.ofAnswer(sent.answer, proves ? seen : undefined, ending), sent);
  }

  private async preview(
    operation: Operation,
    plan: PatchPlan,
    customer: Customer,
    read: Exchange | undefined,
  ): Promise<PatchResult> {
    const ended = end.previewed(endingOf(operation, plan, customer), customer);
    const result = await this.records.previewed(operation, ended, read);
    return { ...result, preview: previewOf(plan, customer) };
  }

  private unsent(
    operation: Operation,
    { dryRun }: PatchCommand,
    ended: end.PatchEnd,
    read: Exchange | undefined,
  ): Promise<PatchResult> {
    return dryRun
      ? this.records.previewed(operation, ended, read)
      : this.records.unsent(operation, ended, read);
  }

  /** A token that was rejected is tried again once in a while; a database that does not say when is no reason to. */
  private usable(tenant: Tenant, deadline: number): Promise<EquippedTenant | undefined> {
    return within(this.clock, deadline, this.credentials.usable(tenant)).catch(() => undefined);
  }

  private errandOf(
    operation: Operation,
    { request, deadline }: PatchCommand,
    tenant: EquippedTenant,
  ): Errand {
    const { provenance, id: operationId } = operation;
    const forOutcome = Math.min(MAX_FOR_OUTCOME, this.config.billing.deadlineMs * FOR_OUTCOME);
    return { provenance, operationId, trace: request.trace, tenant, deadline: deadline - forOutcome };
  }

  private mustRead({ dryRun }: PatchCommand): boolean {
    return dryRun || this.config.billing.preRead === 'always';
  }

  /** What can't do without the customer ends with any read that failed; else one that tells nothing stops nothing. */
  private endsWith({ answer }: Exchange, { ifMatch, dryRun }: PatchCommand): boolean {
    return ifMatch !== undefined || dryRun || end.stopsPatch(answer);
  }
}

function endingOf(operation: Operation, plan: PatchPlan, before?: Customer): end.EndingPatch {
  return { operationId: operation.id, plan, customerId: before?.id ?? operation.target.customer_id };
}
