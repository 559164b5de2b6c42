import { Injectable } from '@nestjs/common';
import type { AuditedRequest } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { Customer } from '../billing/customer.dto.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { askedChanges } from './patch-changes.js';
import { endOf, endWithoutToken, type PatchEnd } from './patch-end.js';
import { PatchSender, type SentPatch } from './patch-sender.js';

export interface PatchedCustomer {
  readonly customer: Customer;
  readonly operationId: string;
}

@Injectable()
export class CustomersService {
  constructor(
    private readonly trail: AuditTrail,
    private readonly credentials: TenantCredentials,
    private readonly sender: PatchSender,
  ) {}

  /**
   * The story of a patch: the intent is made durable, the patch is sent, its end is made durable, the caller
   * gets the truth.
   * @param customerRef id or alias
   * @param deadline when everything has to be over, in milliseconds since the epoch
   * @throws Problem audit-unavailable, or how the patch ended when it did not succeed
   */
  async patch(
    request: AuditedRequest,
    customerRef: string,
    patch: PatchCustomerDto,
    deadline: number,
  ): Promise<PatchedCustomer> {
    const operation = this.trail.begin(request, customerRef);
    const tenant = await this.credentials.usable(request.principal.tenant);
    if (tenant === undefined) {
      const end = endWithoutToken(patch, operation.id, customerRef);
      await this.trail.outcome(operation, { ...end.record, upstream: null, credential: null });
      return answerOf(end, operation.id);
    }
    await this.trail.intent(operation, tenant.credential, askedChanges(patch));
    const sent = await this.sender.send(operation, tenant, patch, deadline);
    const end = endOf(sent.answer, patch, operation.id, customerRef);
    const { credential } = sent.tenant;
    await this.trail.outcome(operation, { ...end.record, upstream: upstreamOf(sent), credential });
    return answerOf(end, operation.id);
  }
}

function answerOf(end: PatchEnd, operationId: string): PatchedCustomer {
  if (end.customer === undefined) throw end.problem;
  return { customer: end.customer, operationId };
}

function upstreamOf({ answer, attempts, durationMs }: SentPatch): {
  status: number | null;
  attempts: number;
  duration_ms: number;
} {
  return { status: 'status' in answer ? answer.status : null, attempts, duration_ms: durationMs };
}
