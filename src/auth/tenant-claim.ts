import type { ClaimPath } from '../config/claim-path.js';
import { claimAt, type Claims, plainText } from './claims.js';

/** The tenant in a token, or why the token names none: the claim and the kind of fault, never its value. */
export type TenantClaim =
  | { readonly tenantId: string; readonly tenantFault: null }
  | { readonly tenantId: null; readonly tenantFault: string };

/** A tenant is text, a whole number, or a list of exactly one of these. */
export function readTenantClaim(claims: Claims, path: ClaimPath): TenantClaim {
  const claim = claimAt(claims, path);
  const items: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const [tenant] = items;
  const tenantId = wholeNumber(tenant) ?? plainText(tenant);
  if (tenantId !== undefined && items.length === 1) return { tenantId, tenantFault: null };
  const fault = items.length === 1 ? faultOf(tenant) : `is a list of ${items.length}, not of one`;
  return { tenantId: null, tenantFault: `${path.name} ${fault}` };
}

/** Larger numbers were rounded when the token was parsed, so two tenants could look like one. */
function wholeNumber(value: unknown): string | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

function faultOf(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (value === '') return 'is empty';
  if (typeof value === 'number') return 'is not a whole number below 2^53';
  if (typeof value === 'string') return 'is not readable text of at most 255 characters';
  return Array.isArray(value) ? 'is a list in a list' : `is of type ${typeof value}`;
}
