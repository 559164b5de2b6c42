import type { AuditedRequest } from '../audit/audit-event.js';
import type { Operation } from '../audit/audit-records.js';
import type { BillingCall } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import type { KeepAnswer } from '../idempotency/keyed-request.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import type { PatchConditions } from './patch-conditions.js';
import type { PatchDiff } from './patch-diff.js';

/** A patch as requested by the caller. */
export interface PatchRequest extends PatchConditions {
  /** The caller, tenant and ids of the request. */
  readonly audited: AuditedRequest;
  /** Id or alias. */
  readonly customerRef: string;
  /** The fields to change, with the requested values. */
  readonly fields: PatchCustomerDto;
  /** Deadline of the request, by the monotonic clock. */
  readonly deadline: number;
}

/** A patch in progress. Every step gets all of it, and adds its results. */
export interface PatchContext extends Operation {
  readonly request: PatchRequest;
  /** The reference in the billing API's URL: the caller's, or the id when it is known (U9). */
  readonly customerRef: string;
  /** Null while it is not known. */
  readonly customerId: string | null;
  /** The customer just read; undefined if it was not read. */
  readonly before: Customer | undefined;
  readonly diff: PatchDiff;
  /** The customer of the operation that the patch undoes; undefined if it undoes none. */
  readonly revertedCustomer: string | undefined;
  /** For the answer, if the request has an idempotency key. */
  readonly keep: KeepAnswer<PatchResult> | undefined;
}

/** A patch with a token and a bulkhead slot: it may be sent to the billing API. */
export type AdmittedPatch = PatchContext & BillingCall & { readonly operationId: string };

/** The result for the caller. */
export interface PatchResult {
  readonly customer: Customer;
  readonly operationId: string;
  /** Whether it was answered before. */
  readonly replayed?: boolean;
}
