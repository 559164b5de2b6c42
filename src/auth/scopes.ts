/** Every scope that a route can require, and what it allows. Swagger UI lists them. */
export const SCOPES = {
  'customers:read': 'Read customers',
  'customers:write': 'Patch customers',
  'audit:read': "Read the tenant's audit trail",
  'audit:read:clear': 'See the values behind the masks of the trail',
  'privacy:erase': 'Have the personal data of a customer forgotten',
  'tenants:admin': 'Manage tenants and their tokens',
  'tenants:any': 'Act for any tenant, named in X-Tenant-Id',
} as const;

export type Scope = keyof typeof SCOPES;

/** Lets a service act for any tenant; it sends the tenant in `X-Tenant-Id`. */
export const ANY_TENANT_SCOPE: Scope = 'tenants:any';
