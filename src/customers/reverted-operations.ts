import { Injectable } from '@nestjs/common';
import { AuditQueries } from '../audit/audit-queries.js';
import { latestOutcome } from '../audit/latest-outcome.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { type Fault, validationFailed } from '../http/problem.js';
import { isUuid } from '../http/uuid-param.js';
import type { PatchRequest } from './patch-request.js';

/** Finds the operation that a patch undoes (`X-Reverts-Operation`). */
@Injectable()
export class RevertedOperations {
  constructor(private readonly events: AuditQueries) {}

  /**
   * The id of the operation's customer; undefined if the patch undoes none.
   * @throws Problem validation-failed, audit-unavailable
   */
  async customerOf({ reverts, audited }: PatchRequest): Promise<string | undefined> {
    if (reverts === undefined) return undefined;
    const { id: tenantId } = audited.principal.tenant;
    const events = isUuid(reverts)
      ? await this.events.ofOperation(tenantId, reverts).catch(trailUnavailable)
      : [];
    const patches = events.filter(({ action }) => action === 'customer.patch');
    const customerId = (latestOutcome(patches) ?? patches.at(-1))?.target?.customer_id;
    if (customerId === undefined || customerId === null) throw validationFailed([NO_SUCH_OPERATION]);
    return customerId;
  }
}

/** The fault of the header, whether there is no such operation or it is another customer's. */
export const NO_SUCH_OPERATION: Fault = {
  header: 'X-Reverts-Operation',
  code: 'not-allowed',
  detail: 'must be the id of an operation on the same customer',
};

/** The customer of a patch and of the operation that it undoes, where they are known. */
export interface Reverting {
  readonly customerId: string | null;
  readonly revertedCustomer: string | undefined;
}

export function isOfAnother({ customerId, revertedCustomer }: Reverting): boolean {
  return revertedCustomer !== undefined && customerId !== null && customerId !== revertedCustomer;
}
