import { SandboxFault } from './fault.js';
import { CLOSED_ORIGIN, type TenantEntry } from './seeds.js';

/** A tenant with something wrong with itself. */
export interface BrokenTenant extends TenantEntry {
  /** Behind "The billing API". */
  readonly does: string;
  /** What the caller of the BFF gets. */
  readonly answer: string;
}

/** They are not there until somebody tries them: a customer alone can't show what they show. */
export const BROKEN_TENANTS: readonly BrokenTenant[] = [
  {
    id: 'token-rejected',
    name: 'A tenant whose token was revoked',
    token: 'sandbox-billing-token-revoked',
    does: 'has revoked the token of the tenant token-rejected',
    answer: '502 billing-credentials-rejected',
  },
  {
    id: 'unreachable',
    name: 'A tenant whose billing API is down',
    token: 'sandbox-billing-token-unreachable',
    billing_api_url: CLOSED_ORIGIN,
    does: 'of the tenant unreachable is down',
    answer: '502 billing-unreachable; after ten connections 503 billing-unavailable',
  },
];

/**
 * What an operator does to add the tenant; nothing if it is there.
 * @param authorization of somebody with the scope `tenants:admin`
 */
export async function addTenant(
  bffUrl: string,
  authorization: string,
  { id, name, billing_api_url, token }: TenantEntry,
): Promise<void> {
  const put = async (path: string, body: object): Promise<number> => {
    const response = await fetch(`${bffUrl}/api/v1/tenants/${path}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    });
    await response.body?.cancel();
    if (!response.ok) throw new SandboxFault(`The tenant ${id} was not added: ${response.status}.`);
    return response.status;
  };
  if ((await put(id, { name, billing_api_url })) === 201) await put(`${id}/token`, { token });
}
