import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditStore } from '../audit/audit-store.js';
import type { Operation } from '../audit/audit-acts.js';
import { latestOutcome } from '../audit/latest-outcome.js';
import type { Customer } from '../billing/customer.dto.js';
import { readCustomer } from '../billing/read-customer.js';
import { Config } from '../config/config.js';
import { Problem, type ProblemSlug } from '../http/problem.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import type { KeyedRequest, Recalled } from '../idempotency/idempotency-keys.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import type { CustomerPreview } from './customer-preview.schema.js';
import { customerIn, CustomerReader } from './customer-reader.js';
import type { PatchCommand } from './patch-command.js';
import { isAsFirstRead, type PatchPlan } from './patch-plan.js';
import type { PatchedCustomer } from './patch-records.js';
import { mayBeUndone } from './undone.js';

/** What the caller gets; `preview` after a dry run. */
export interface PatchResult extends PatchedCustomer {
  readonly preview?: CustomerPreview;
}

/** What is known of patches that were sent before with the same idempotency key. */
@Injectable()
export class PastPatches {
  constructor(
    private readonly config: Config,
    private readonly store: AuditStore,
    private readonly credentials: TenantCredentials,
    private readonly reader: CustomerReader,
  ) {}

  /** A patch as the idempotency keys see it. */
  keyed(operation: Operation, command: PatchCommand): KeyedRequest<PatchResult> {
    const { request, customerRef, patch, ifMatch, dryRun, deadline } = command;
    const { caller, tenant } = request.principal;
    return {
      key: command.idempotencyKey,
      owner: {
        tenantId: tenant.id,
        issuer: this.config.auth.issuer,
        client: caller.clientId ?? '',
        sub: caller.sub,
      },
      asked: { customerRef, patch, ifMatch: ifMatch ?? null, dryRun },
      operationId: operation.id,
      deadline,
      customerOf: ({ customer }) => customer.id,
      revive,
      recall: (operationId) => this.recall(operationId, operation, command),
    };
  }

  /**
   * Whether a customer that is as first read proves nothing, since another patch may have put it back; a trail that
   * can't be read leaves that open, too.
   */
  async mayBeUndone({ id, provenance }: Operation, plan: PatchPlan, customer: Customer): Promise<boolean> {
    if (!isAsFirstRead(plan, customer)) return false;
    const tenantId = provenance.tenant_id ?? '';
    try {
      const intent = (await this.store.ofOperation(tenantId, id)).find(({ phase }) => phase === 'intent');
      if (intent === undefined) return true;
      return mayBeUndone(intent, plan, await this.store.patchesAfter(tenantId, customer.id, intent.id));
    } catch {
      return true;
    }
  }

  private async recall(
    id: string,
    { provenance }: Operation,
    command: PatchCommand,
  ): Promise<Recalled<PatchResult> | undefined> {
    const { tenant } = command.request.principal;
    const events = await this.store.ofOperation(tenant.id, id).catch(trailUnavailable);
    const patch = events.filter(({ action }) => action === 'customer.patch');
    const told = latestOutcome(patch) ?? patch.at(-1);
    if (told === undefined) return undefined;
    if (told.outcome !== 'applied' && told.outcome !== 'unchanged') return problemOf(told, id);
    const equipped = await this.credentials.usable(tenant);
    const customerId = told.target?.customer_id ?? command.customerRef;
    const read =
      equipped &&
      (await this.reader.read(
        {
          provenance,
          operationId: null,
          trace: command.request.trace,
          tenant: equipped,
          deadline: command.deadline,
        },
        customerId,
      ));
    const customer = read && customerIn(read);
    if (customer !== undefined) return { result: { customer, operationId: id } };
    const detail = 'The change was applied; the customer cannot be read at the moment.';
    const problem = new Problem('billing-failed', detail, { operationId: id, outcome: told.outcome });
    return { problem, final: false };
  }
}

/** A result as JSON kept it. */
function revive(value: unknown): PatchResult {
  const customer = readCustomer(member(value, 'customer'));
  const operationId = member(value, 'operationId');
  if (customer === undefined || typeof operationId !== 'string')
    throw new TypeError('this is no result of a patch');
  const preview = member(value, 'preview');
  return { customer, operationId, ...(isPreview(preview) ? { preview } : {}) };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : null;
}

function isPreview(value: unknown): value is CustomerPreview {
  return member(value, 'dry_run') === true;
}

/** How a patch ended that did not succeed, from its last event; the words of that time are not kept. */
function problemOf({ outcome, status }: AuditEvent, operationId: string): Recalled<never> {
  const open = outcome === 'pending' || outcome === 'unknown';
  const timedOut = open && status === 504;
  const slug = outcome === 'rejected' ? REJECTIONS[status ?? 0] : undefined;
  const detail = open ? 'Whether the change was applied is not known.' : detailOf(outcome);
  const problem = new Problem(slug ?? (timedOut ? 'billing-timeout' : 'billing-failed'), detail, {
    operationId,
    outcome: open ? 'unknown' : outcome,
  });
  return { problem, final: !open };
}

const DETAILS = {
  rejected: 'The change was refused; nothing was changed.',
  not_applied: 'The change was not applied.',
  unverifiable: 'Whether the change was applied can no longer be found out.',
};

function detailOf(outcome: AuditEvent['outcome']): string {
  if (outcome === 'not_applied' || outcome === 'unverifiable') return DETAILS[outcome];
  return DETAILS.rejected;
}

const REJECTIONS: Partial<Record<number, ProblemSlug>> = {
  400: 'rejected-by-billing',
  404: 'customer-not-found',
  409: 'conflict',
  412: 'precondition-failed',
};
