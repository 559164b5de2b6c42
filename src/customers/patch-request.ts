import type { AuditedRequest } from '../audit/audit-event.js';
import type { Operation } from '../audit/audit-records.js';
import type { BillingCall } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import type { PatchCustomerDto } from './dto/patch-customer.dto.js';
import type { PatchConditions } from './patch-conditions.js';
import type { PatchDiff } from './patch-diff.js';

/** A patch as a caller wants it. */
export interface PatchRequest extends PatchConditions {
  /** Who asks, for which tenant, in which request. */
  readonly audited: AuditedRequest;
  /** Id or alias. */
  readonly customerRef: string;
  /** The fields to change, with the requested values. */
  readonly fields: PatchCustomerDto;
  /** When everything has to be over, by the monotonic clock. */
  readonly deadline: number;
}

/** A patch on its way: every step takes it whole, and adds what it has found out. */
export interface PatchContext extends Operation {
  readonly request: PatchRequest;
  /** How the billing API is asked for the customer: as the caller does, and by its id once that is known (U9). */
  readonly customerRef: string;
  /** Null while it is not known. */
  readonly customerId: string | null;
  /** The customer just read; undefined when it was not. */
  readonly before: Customer | undefined;
  readonly diff: PatchDiff;
}

/** With a token and a slot: it may go to the billing API. */
export type AdmittedPatch = PatchContext & BillingCall & { readonly operationId: string };
