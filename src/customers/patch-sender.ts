import { Injectable } from '@nestjs/common';
import { BillingClient } from '../billing/billing.client.js';
import type { Customer } from '../billing/customer.dto.js';
import { BillingExchange, type Errand, type Exchange } from './billing-exchange.js';
import { addressOf, customerIn, CustomerReader } from './customer-reader.js';
import { bodyOf, isSameCustomer, type PatchPlan } from './patch-plan.js';

/** How much of the time that is left a patch may take: should its end be unclear, the customer is read again. */
const SHARE = 2 / 3;

export interface OutgoingPatch {
  readonly operationId: string;
  /** The customer's id where it is known, else as the caller named it (U9). */
  readonly customerRef: string;
  readonly plan: PatchPlan;
  /** The customer just read; undefined when it was not. */
  readonly before: Customer | undefined;
}

/** Sends patches to the billing API. */
@Injectable()
export class PatchSender {
  constructor(
    private readonly billing: BillingClient,
    private readonly exchange: BillingExchange,
    private readonly reader: CustomerReader,
  ) {}

  /**
   * A second time only when the rules allow it, and while the customer still is as it was read. Where it was not, a
   * 503 is not repeated: the patch may have been applied, and the customer changed by somebody else since.
   */
  async send(errand: Errand, patch: OutgoingPatch): Promise<Exchange> {
    const { operationId, customerRef, plan, before } = patch;
    const body = bodyOf(plan);
    return this.exchange.run(errand, {
      share: SHARE,
      send: (tenant, budgetMs) => {
        const { provenance, trace } = errand;
        const request = {
          ...addressOf(tenant, customerRef),
          requestId: provenance.request_id,
          trace,
          budgetMs,
        };
        return this.billing.patchCustomer(request, { body, operationId });
      },
      mayRepeat: async (tenant, answer) => {
        if (before === undefined) return answer.kind === 'refused';
        const now = customerIn(await this.reader.readBefore({ ...errand, tenant }, customerRef));
        return now !== undefined && isSameCustomer(before, now);
      },
    });
  }
}
