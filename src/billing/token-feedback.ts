import { Injectable } from '@nestjs/common';
import type { Provenance } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { Metrics } from '../metrics/metrics.js';
import { type EquippedTenant, TenantCredentials } from '../tenants/tenant-credentials.js';
import type { BillingAnswer } from './billing-answer.js';

interface Use {
  readonly tenant: EquippedTenant;
  readonly provenance: Provenance;
  readonly operationId: string | null;
}

/** Records whether the billing API accepts or rejects tenants' tokens. */
@Injectable()
export class TokenFeedback {
  constructor(
    private readonly credentials: TenantCredentials,
    private readonly trail: AuditTrail,
    private readonly metrics: Metrics,
  ) {}

  /**
   * A 403 may be about the request, so it marks nothing. A failure proves nothing about the token.
   * @returns undefined if there is nothing to wait for
   */
  note(use: Use, answer: BillingAnswer<unknown>): Promise<unknown> | undefined {
    const status = 'status' in answer ? answer.status : undefined;
    if (status === undefined || status === 403 || status >= 500) return undefined;
    if (answer.kind === 'refused' && answer.slug === 'billing-failed') return undefined;
    return status === 401 ? this.noteRejected(use) : this.credentials.accepted(use.tenant);
  }

  private async noteRejected({ tenant, provenance, operationId }: Use): Promise<void> {
    if (!(await this.credentials.rejected(tenant))) return;
    this.metrics.tokenRejected(tenant.id);
    await this.trail.tokenRejected(provenance, operationId, tenant.credential);
  }
}
