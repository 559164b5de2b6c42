import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../audit/audit-trail.js';
import type { BillingResult } from '../billing/billing.client.js';
import type { CustomerPreview } from './customer-preview.schema.js';
import { CustomerReads } from './customer-reads.js';
import { EntityTags } from './entity-tags.js';
import { diffOf } from './patch-diff.js';
import { PatchJournal } from './patch-journal.js';
import * as outcome from './patch-outcome.js';
import { previewOf } from './patch-preview.js';
import type { PatchRequest } from './patch-request.js';
import { isOfAnother, type Reverting, RevertedOperations } from './reverted-operations.js';

/** The preview, and the id of its event's operation. */
export interface Previewed {
  readonly preview: CustomerPreview;
  readonly operationId: string;
}

/** Previews a patch: the read and the comparison of a patch, without an intent, and nothing is sent. */
@Injectable()
export class PreviewsService {
  constructor(
    private readonly trail: AuditTrail,
    private readonly reads: CustomerReads,
    private readonly tags: EntityTags,
    private readonly journal: PatchJournal,
    private readonly reverted: RevertedOperations,
  ) {}

  /**
   * Shows what the patch would change, now. Its idempotency key is neither used nor looked up: the patch itself may
   * have the same key.
   * @throws Problem if the customer could not be read, or `If-Match` does not match
   */
  async preview(request: PatchRequest): Promise<Previewed> {
    const { audited, customerRef, fields, deadline, reverts } = request;
    const revertedCustomer = await this.reverted.customerOf(request);
    const operation = this.trail.begin(audited, customerRef, deadline, reverts);
    const { operationId, target } = operation;
    const read = await this.reads.read(audited, customerRef, deadline, operationId);
    const before = read?.answer.kind === 'success' ? read.answer.value : undefined;
    const diff = diffOf(fields, before);
    const customerId = before?.id ?? target.customer_id;
    const asked = { diff, customerId, revertedCustomer, ...operation };
    const customer = await this.journal.previewed(asked, this.outcomeOf(asked, request, read), read);
    const etag = this.tags.tagOf(audited.principal.tenant.id, customer);
    return { preview: previewOf(diff, customer, etag), operationId };
  }

  private outcomeOf(
    asked: outcome.PatchOf & Reverting,
    { ifMatch = '*', audited }: PatchRequest,
    read: BillingResult | undefined,
  ): outcome.PatchOutcome {
    if (read === undefined) return outcome.withoutToken(asked);
    if (isOfAnother(asked)) return outcome.revertsAnother(asked);
    if (read.answer.kind !== 'success') return outcome.notRead(read.answer, asked);
    const { value: customer } = read.answer;
    const comparison = this.tags.compare(ifMatch, audited.principal.tenant.id, customer);
    if (!comparison.holds) return outcome.preconditionFailed(asked, comparison);
    return outcome.previewed(asked, customer);
  }
}
