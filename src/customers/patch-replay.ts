import { Injectable } from '@nestjs/common';
import type { AuditEvent } from '../audit/audit-event.js';
import { AuditQueries } from '../audit/audit-queries.js';
import { latestOutcome } from '../audit/latest-outcome.js';
import { BillingClient } from '../billing/billing.client.js';
import { readCustomer } from '../billing/read-customer.js';
import { Config } from '../config/config.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { Problem, type ProblemSlug } from '../http/problem.js';
import type { EarlierOutcome, KeyedRequest } from '../idempotency/keyed-request.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import type { PatchContext, PatchResult } from './patch-request.js';

/** Replays the answer of an earlier patch with the same idempotency key. */
@Injectable()
export class PatchReplay {
  constructor(
    private readonly config: Config,
    private readonly events: AuditQueries,
    private readonly credentials: TenantCredentials,
    private readonly billing: BillingClient,
  ) {}

  /** The patch in the form that IdempotencyKeys needs. */
  keyed(patch: PatchContext): KeyedRequest<PatchResult> {
    const { request, operationId, answerBy } = patch;
    const { caller, tenant } = request.audited.principal;
    return {
      key: request.idempotencyKey,
      owner: {
        tenantId: tenant.id,
        issuer: this.config.auth.issuer,
        client: caller.clientId ?? '',
        sub: caller.sub,
      },
      asked: {
        customerRef: request.customerRef,
        patch: request.fields,
        ifMatch: request.ifMatch ?? null,
        ...(request.reverts === undefined ? {} : { reverts: request.reverts }),
      },
      operationId,
      deadline: answerBy,
      customerOf: ({ customer }) => customer.id,
      revive,
      findOutcome: (earlier) => this.outcomeOf(earlier, patch),
    };
  }

  /**
   * The outcome of an earlier operation, from the trail. For an applied patch, the answer has the customer as it is
   * now.
   */
  private async outcomeOf(
    earlier: string,
    { request, provenance }: PatchContext,
  ): Promise<EarlierOutcome<PatchResult> | undefined> {
    const { principal, trace } = request.audited;
    const events = await this.events.ofOperation(principal.tenant.id, earlier).catch(trailUnavailable);
    const ofPatch = events.filter(({ action }) => action === 'customer.patch');
    const last = latestOutcome(ofPatch) ?? ofPatch.at(-1);
    if (last === undefined) return undefined;
    if (last.outcome !== 'applied' && last.outcome !== 'unchanged') return problemOf(last, earlier);
    const tenant = await this.credentials.usable(principal.tenant);
    if (tenant !== undefined) {
      const { deadline } = request;
      const call = { provenance, operationId: null, trace, tenant, deadline };
      const customerRef = last.target?.customer_id ?? request.customerRef;
      const { answer } = await this.billing.readCustomer(call, customerRef);
      if (answer.kind === 'success') return { result: { customer: answer.value, operationId: earlier } };
    }
    const detail = 'The change was applied, but the customer cannot be read at the moment.';
    const problem = new Problem('billing-failed', detail, { operationId: earlier, outcome: last.outcome });
    return { problem, final: false };
  }
}

/** Reads a result from its stored JSON. */
function revive(value: unknown): PatchResult {
  const customer = readCustomer(member(value, 'customer'));
  const operationId = member(value, 'operationId');
  if (customer === undefined || typeof operationId !== 'string')
    throw new TypeError('not a result of a patch');
  return { customer, operationId };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : null;
}

/** The problem of a patch that did not succeed, from its last event. The original text is not stored. */
function problemOf({ outcome, status }: AuditEvent, operationId: string): EarlierOutcome<never> {
  const open = outcome === 'pending' || outcome === 'unknown';
  const timedOut = open && status === 504;
  const slug = outcome === 'rejected' ? REJECTIONS[status ?? 0] : undefined;
  const detail = open ? 'It is not known whether the change was applied.' : detailOf(outcome);
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
