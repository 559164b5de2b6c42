import type { BillingToken } from './billing-token.js';

/** A tenant as the request path needs it. */
export interface Tenant {
  /** 1 to 64 of `[A-Za-z0-9._-]`. */
  readonly id: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  /** The billing API for this tenant; ends without a slash. */
  readonly billingApiUrl: string;
  readonly token: BillingToken;
  /** The only invoicing entities that a patch may name, when there is a list (U7). */
  readonly invoicingEntities: readonly string[] | undefined;
}
