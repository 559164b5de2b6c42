import { Injectable } from '@nestjs/common';
import type { Operation } from '../audit/audit-acts.js';
import { AuditTrail } from '../audit/audit-trail.js';
import type { Upstream, UsedCredential } from '../audit/audit-event.js';
import type { Customer } from '../billing/customer.dto.js';
import { CustomerVault } from '../crypto/customer-vault.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import type { Errand, Exchange } from './billing-exchange.js';
import { clearChanges, intendedChanges } from './effects.js';
import { type PatchMemory, placeOf, toMemory } from './operation-memory.js';
import type { PatchEnd } from './patch-end.js';

/** Milliseconds beyond its deadline after which a request that has not recorded its outcome surely is gone. */
const GRACE = 10_000;

export interface PatchedCustomer {
  readonly customer: Customer;
  readonly operationId: string;
}

/** Makes durable what is about to happen and what happened, before anyone is told. */
@Injectable()
export class PatchRecords {
  constructor(
    private readonly trail: AuditTrail,
    private readonly vault: CustomerVault,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem audit-unavailable: then nothing may be sent */
  async intent(
    operation: Operation,
    errand: Errand,
    customerId: string | null,
    memory: PatchMemory,
  ): Promise<void> {
    const { tenant, deadline } = errand;
    const { plan } = memory;
    const intended = { changes: intendedChanges(plan), values: clearChanges(plan), customerId };
    await this.trail.intent(operation, tenant.credential, intended, async () => {
      const owner = { tenantId: tenant.id, customerId };
      const sealed = await this.vault.seal(owner, placeOf(operation.id), toMemory(memory));
      return { ...sealed, due_in_ms: deadline - this.clock.monotonic() + GRACE };
    });
  }

  /** How a patch ended that was sent; answers the caller. @throws Problem unless it was applied */
  async sent(operation: Operation, end: PatchEnd, exchange: Exchange): Promise<PatchedCustomer> {
    await this.trail.outcome(operation, { ...end.record, ...usedBy(exchange) });
    return this.answer(operation, end);
  }

  /** How a patch ended that was not; answers the caller. @throws Problem unless there was nothing to do */
  async unsent(operation: Operation, end: PatchEnd, read: Exchange | undefined): Promise<PatchedCustomer> {
    await this.trail.outcomeUnsent(operation, { ...end.record, ...usedByRead(read) });
    return this.answer(operation, end);
  }

  /** That a patch was looked at, and no more; answers the caller. @throws Problem unless it can be shown */
  async previewed(operation: Operation, end: PatchEnd, read: Exchange | undefined): Promise<PatchedCustomer> {
    await this.trail.previewed(operation, { ...end.record, ...usedByRead(read) });
    if (end.customer === undefined) throw end.problem;
    return { customer: end.customer, operationId: operation.id };
  }

  private answer(operation: Operation, end: PatchEnd): PatchedCustomer {
    this.metrics.patchEnded(end.record.outcome, end.record.changes);
    if (end.customer === undefined) throw end.problem;
    return { customer: end.customer, operationId: operation.id };
  }
}

interface Used {
  readonly upstream: Upstream | null;
  readonly credential: UsedCredential | null;
}

function usedBy({ answer, attempts, durationMs, tenant }: Exchange): Used {
  return {
    upstream: { status: 'status' in answer ? answer.status : null, attempts, duration_ms: durationMs },
    credential: tenant.credential,
  };
}

/** A read is no attempt to patch. */
function usedByRead(read: Exchange | undefined): Used {
  return read === undefined ? { upstream: null, credential: null } : usedBy({ ...read, attempts: 0 });
}
