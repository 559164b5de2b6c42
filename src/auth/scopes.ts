/** Every scope that a route can require, and what it allows. Swagger UI lists them. */
export const SCOPES = {
  'customers:read': 'Read customers',
  'customers:write': 'Patch every field of customers',
  'customers:write:contact': 'Patch names, addresses, e-mail addresses and phone numbers of customers',
  'customers:write:tax': 'Patch VAT numbers, custom taxes and tax exemptions of customers',
  'customers:write:billing': 'Patch currencies and invoicing entities of customers',
  'audit:read': "Read the tenant's audit trail",
  'audit:read:clear': 'See the values behind the masks of the trail',
  'privacy:erase': 'Have the personal data of a customer forgotten',
  'tenants:admin': 'Manage tenants and their tokens',
  'tenants:any': 'Act for any tenant, named in X-Tenant-Id',
} as const;

export type Scope = keyof typeof SCOPES;

export function isScope(name: string): name is Scope {
  return Object.hasOwn(SCOPES, name);
}

/** Lets a service act for any tenant; it sends the tenant in `X-Tenant-Id`. */
export const ANY_TENANT_SCOPE: Scope = 'tenants:any';
