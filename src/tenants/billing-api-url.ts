import type { BillingConfig } from '../config/config.js';
import { parsePlainUrl } from '../config/setting-reader.js';

/**
 * A tenant's own billing API: a plain URL, without user name, query or fragment, at one of the origins in
 * BILLING_API_ALLOWED_ORIGINS. Returns the URL without a slash at the end, or the fault.
 */
export function billingApiUrl(
  value: string,
  { allowedOrigins }: BillingConfig,
): string | { readonly fault: string } {
  const url = parsePlainUrl(value, ['http:', 'https:']);
  if (url === undefined) {
    return { fault: 'must be an http:// or https:// URL without user name, query or fragment' };
  }
  if (!allowedOrigins.includes(url.origin)) {
    return { fault: 'has an origin that BILLING_API_ALLOWED_ORIGINS does not name' };
  }
  return url.href.replace(/\/+$/, '');
}
