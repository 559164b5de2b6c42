import { Injectable } from '@nestjs/common';
import { BillingClient, type BillingRequest } from '../billing/billing.client.js';
import type { BillingAnswer } from '../billing/billing-answer.js';
import type { Customer } from '../billing/customer.dto.js';
import type { EquippedTenant } from '../tenants/tenant-credentials.js';
import { BillingExchange, type Errand, type Exchange } from './billing-exchange.js';

/** How much of the time that is left a read before a patch may take: the patch and a read after it come, too. */
const SHARE_BEFORE = 1 / 3;

/** Reads customers from the billing API. */
@Injectable()
export class CustomerReader {
  constructor(
    private readonly billing: BillingClient,
    private readonly exchange: BillingExchange,
  ) {}

  /** Reads for its own sake, or to see what became of a patch. */
  read(errand: Errand, customerRef: string): Promise<Exchange> {
    return this.exchange.run(errand, {
      share: 1,
      send: (tenant, budgetMs) => this.once(errand, tenant, customerRef, budgetMs),
    });
  }

  /** Reads what is about to be patched. */
  readBefore(errand: Errand, customerRef: string): Promise<Exchange> {
    return this.exchange.run(errand, {
      share: SHARE_BEFORE,
      send: (tenant, budgetMs) => this.once(errand, tenant, customerRef, budgetMs),
    });
  }

  private once(
    { provenance, trace }: Errand,
    tenant: EquippedTenant,
    customerRef: string,
    budgetMs: number,
  ): Promise<BillingAnswer> {
    return this.billing.readCustomer({
      ...addressOf(tenant, customerRef),
      requestId: provenance.request_id,
      trace,
      budgetMs,
    });
  }
}

/** Where a tenant's customer is found. */
export function addressOf(
  { id: tenantId, billingApiUrl, credential }: EquippedTenant,
  customerRef: string,
): Pick<BillingRequest, 'tenantId' | 'billingApiUrl' | 'token' | 'customerRef'> {
  return { tenantId, billingApiUrl, token: credential.token, customerRef };
}

/** The customer that was read, if one was. */
export function customerIn({ answer }: Exchange): Customer | undefined {
  return answer.kind === 'customer' ? answer.customer : undefined;
}
