import { Injectable } from '@nestjs/common';
import { AuditTrail, type Operation } from '../audit/audit-trail.js';
import { BillingClient, type PatchResult } from '../billing/billing.client.js';
import { Metrics } from '../metrics/metrics.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';

export interface SentPatch extends PatchResult {
  /** With the token that was used last. */
  readonly tenant: EquippedTenant;
}

/** Sends a patch with the tenant's token, and deals with a token that the billing API does not accept. */
@Injectable()
export class PatchSender {
  constructor(
    private readonly billing: BillingClient,
    private readonly credentials: TenantCredentials,
    private readonly trail: AuditTrail,
    private readonly metrics: Metrics,
  ) {}

  /**
   * A 401 or 403 says that nothing was written, so a newer version of the token, if there is one by now, gets
   * one more try: that is how a rotation goes unnoticed.
   */
  async send(
    operation: Operation,
    tenant: EquippedTenant,
    patch: PatchCustomerDto,
    deadline: number,
  ): Promise<SentPatch> {
    const first = await this.attempt(operation, tenant, patch, deadline);
    if (!isRefusedCredential(first)) return first;
    const renewed = await this.credentials.newerThan(tenant);
    if (renewed === undefined) return first;
    const second = await this.attempt(operation, renewed, patch, deadline);
    const attempts = first.attempts + second.attempts;
    return { ...second, attempts, durationMs: first.durationMs + second.durationMs };
  }

  private async attempt(
    operation: Operation,
    tenant: EquippedTenant,
    body: PatchCustomerDto,
    deadline: number,
  ): Promise<SentPatch> {
    const { id, request, customerRef } = operation;
    const result = await this.billing.patchCustomer({
      billingApiUrl: tenant.billingApiUrl,
      token: tenant.credential.token,
      customerRef,
      body,
      operationId: id,
      requestId: request.requestId,
      trace: request.trace,
      deadline,
    });
    await this.learn(operation, tenant, result);
    return { ...result, tenant };
  }

  /** A 403 may be about the request, so it marks nothing; no answer says nothing about the token. */
  private async learn(operation: Operation, tenant: EquippedTenant, { answer }: PatchResult): Promise<void> {
    const status = 'status' in answer ? answer.status : undefined;
    if (status === undefined || status === 403 || status >= 500) return;
    if (status !== 401) await this.credentials.accepted(tenant);
    else if (await this.credentials.rejected(tenant)) {
      this.metrics.tokenRejected(tenant.id);
      await this.trail.tokenRejected(operation, tenant.credential);
    }
  }
}

function isRefusedCredential({ answer }: PatchResult): boolean {
  return answer.kind === 'refused' && answer.slug === 'billing-credentials-rejected';
}
