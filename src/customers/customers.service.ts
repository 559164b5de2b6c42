import { Injectable } from '@nestjs/common';
import type { AuditedRequest } from '../audit/audit-event.js';
import { AuditTrail, type Operation } from '../audit/audit-trail.js';
import { BillingClient, type PatchResult } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import { Config } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { askedChanges } from './patch-changes.js';
import { endOf } from './patch-end.js';

export interface PatchedCustomer {
  readonly customer: Customer;
  readonly operationId: string;
}

@Injectable()
export class CustomersService {
  constructor(
    private readonly trail: AuditTrail,
    private readonly billing: BillingClient,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /**
   * The story of a patch: the intent is made durable, the patch is sent, its end is made durable, the caller
   * gets the truth.
   * @param customerRef id or alias
   * @throws Problem audit-unavailable, or how the patch ended when it did not succeed
   */
  async patch(
    request: AuditedRequest,
    customerRef: string,
    patch: PatchCustomerDto,
  ): Promise<PatchedCustomer> {
    const deadline = this.clock.now() + this.config.billing.deadlineMs;
    const operation = this.trail.begin(request, customerRef);
    await this.trail.intent(operation, askedChanges(patch));
    const result = await this.send(operation, patch, deadline);
    const end = endOf(result.answer, patch, operation.id);
    await this.trail.outcome(operation, { ...end.record, upstream: upstreamOf(result) });
    if (end.customer === undefined) throw end.problem;
    return { customer: end.customer, operationId: operation.id };
  }

  private send(
    { id, request, customerRef }: Operation,
    body: PatchCustomerDto,
    deadline: number,
  ): Promise<PatchResult> {
    const { principal, requestId, trace } = request;
    return this.billing.patchCustomer({
      tenant: principal.tenant,
      customerRef,
      body,
      operationId: id,
      requestId,
      trace,
      deadline,
    });
  }
}

function upstreamOf({ answer, attempts, durationMs }: PatchResult): {
  status: number | null;
  attempts: number;
  duration_ms: number;
} {
  return { status: 'status' in answer ? answer.status : null, attempts, duration_ms: durationMs };
}
