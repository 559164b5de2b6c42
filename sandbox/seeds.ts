import type { BillingTenant } from './billing-api.js';
import { newCustomer, type StoredCustomer } from './billing-customer.js';
import type { Scenario } from './scenario.js';
import { scenarioCustomer, SCENARIOS } from './scenarios.js';
import type { Client } from './token-grant.js';

/** A tenant in the BFF's `TENANTS_FILE`. */
export interface TenantEntry {
  id: string;
  name: string;
  token: string;
  billing_api_url?: string;
  invoicing_entities?: readonly string[];
}

/** The `aud` that the BFF requires. */
export const AUDIENCE = 'billing-bff';

/** The invoicing entity of the contract's example: the largest possible id. */
export const SEED_ENTITY = 'ive_7n42DGM5Tflk9n8mt7Fhc7';

const ACME_ENTITY = 'ive_2rT9kLmQ4xVbN8sYcW3dZ7';
const GLOBEX_ENTITY = 'ive_5hJ6pRtX1mCvB9nKqS4wE8';

/** The tenant of most examples. */
export const ACME = 'acme';

/** Each tenant has a second token, so that a rotation can be tried. */
const TOKENS = {
  acme: {
    current: { name: 'billing-bff', value: 'sandbox-billing-token-acme-1' },
    next: { name: 'billing-bff-next', value: 'sandbox-billing-token-acme-2' },
  },
  globex: {
    current: { name: 'billing-bff', value: 'sandbox-billing-token-globex-1' },
    next: { name: 'billing-bff-next', value: 'sandbox-billing-token-globex-2' },
  },
} as const;

/** The other token of acme: a scenario rotates them. */
export function nextAcmeToken(used: string): string {
  const { current, next } = TOKENS.acme;
  return used === current.value ? next.value : current.value;
}

/** The address of a billing API that nothing listens on. */
export const CLOSED_ORIGIN = 'http://127.0.0.1:9';

/** `acme` has a list of invoicing entities, which the BFF checks; `globex` has none. */
export const TENANT_ENTRIES: readonly TenantEntry[] = [
  {
    id: 'acme',
    name: 'Acme GmbH',
    token: TOKENS.acme.current.value,
    invoicing_entities: [ACME_ENTITY, SEED_ENTITY],
  },
  { id: 'globex', name: 'Globex Corporation', token: TOKENS.globex.current.value },
];

const TENANT_SCOPES = ['customers:write', 'customers:read', 'audit:read', 'privacy:erase'] as const;

/** One client for each tenant, and a service that acts for any tenant in `X-Tenant-Id`. */
export const ACME_CLIENT: Client = {
  id: 'acme-web',
  secret: 'acme-web-sandbox-secret',
  scopes: TENANT_SCOPES,
  tenant: 'acme',
};

export const PLATFORM_CLIENT: Client = {
  id: 'platform-service',
  secret: 'platform-service-sandbox-secret',
  scopes: [...TENANT_SCOPES, 'tenants:any', 'tenants:admin'],
};

/** People who use acme's application, and two of the platform: who checks, and who operates. */
export const PERSONS: readonly Client[] = [
  {
    id: 'ada',
    secret: 'ada-sandbox-secret',
    scopes: ['customers:write', 'customers:read', 'audit:read', 'audit:read:clear'],
    tenant: 'acme',
    uses: ACME_CLIENT.id,
  },
  {
    id: 'grace',
    secret: 'grace-sandbox-secret',
    scopes: ['customers:write:contact', 'customers:read'],
    tenant: 'acme',
    uses: ACME_CLIENT.id,
  },
  {
    id: 'auditor',
    secret: 'auditor-sandbox-secret',
    scopes: ['customers:read', 'audit:read'],
    tenant: 'acme',
    uses: ACME_CLIENT.id,
  },
  {
    id: 'operator',
    secret: 'operator-sandbox-secret',
    scopes: ['customers:read', 'audit:read', 'tenants:any', 'tenants:admin'],
    uses: ACME_CLIENT.id,
  },
];

export const CLIENTS: readonly Client[] = [
  ACME_CLIENT,
  { id: 'globex-web', secret: 'globex-web-sandbox-secret', scopes: TENANT_SCOPES, tenant: 'globex' },
  ...PERSONS,
  PLATFORM_CLIENT,
  {
    id: 'keys-down',
    secret: 'keys-down-sandbox-secret',
    scopes: TENANT_SCOPES,
    tenant: 'acme',
    keysDown: true,
  },
];

/** The customer that the printed command and `npm run try` change. */
export const FIRST_CUSTOMER: StoredCustomer = newCustomer({
  id: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Ada Example Engines',
  alias: 'ada-engines',
  billing_email: 'ada@engines.test',
  invoicing_emails: ['invoices@engines.test', 'ada@engines.test'],
  phone: '+49 30 5550 1001',
  billing_address: {
    line1: 'Musterweg 12',
    line2: 'Hinterhaus',
    city: 'Berlin',
    state: 'BE',
    zip_code: '10115',
    country: 'DE',
  },
  shipping_address: { same_as_billing: true },
  currency: 'EUR',
  custom_taxes: [{ name: 'VAT', tax_code: 'DE-STD', rate: '19' }],
  invoicing_entity_id: ACME_ENTITY,
  vat_number: 'DE999000111',
});

/** The scenarios, by the id of their customer. They are customers of acme. */
export const SCENARIO_CUSTOMERS: ReadonlyMap<string, { scenario: Scenario; customer: StoredCustomer }> =
  new Map(
    SCENARIOS.map((scenario) => {
      const customer = scenarioCustomer(scenario, ACME_ENTITY);
      return [customer.id, { scenario, customer }];
    }),
  );

/** What Swagger UI offers, by id, which no patch changes: a customer that works, and the scenarios. */
export const OFFERED_CUSTOMERS: Readonly<Record<string, string>> = {
  [FIRST_CUSTOMER.id]: 'ada-engines: takes every patch',
  ...Object.fromEntries(
    [...SCENARIO_CUSTOMERS].map(([id, { scenario }]) => [id, `${scenario.alias}: ${scenario.does}`]),
  ),
};

/** The first customers of the billing API's stand-in. All people and companies are invented. */
export const BILLING_TENANTS: readonly BillingTenant[] = [
  {
    id: 'acme',
    tokens: [TOKENS.acme.current, TOKENS.acme.next],
    currencies: ['EUR', 'USD', 'GBP', 'CHF'],
    // The oldest first: a list shows the scenarios after the others.
    customers: [
      ...[...SCENARIO_CUSTOMERS.values()].map(({ customer }) => customer),
      FIRST_CUSTOMER,
      newCustomer({
        id: 'cus_6WqE4tYu8IoPa2SdFg9HjK',
        name: 'Lovell Rocket Parts',
        alias: 'lovell',
        billing_email: 'accounts@lovell-rockets.test',
        currency: 'USD',
        billing_address: {
          line1: '1 Launch Road',
          city: 'Houston',
          state: 'TX',
          zip_code: '77001',
          country: 'US',
        },
        shipping_address: {
          same_as_billing: false,
          address: { line1: 'Dock 7', city: 'Houston', country: 'US' },
        },
        custom_taxes: [{ name: 'Sales tax', tax_code: 'US-TX', rate: '8.25' }],
        invoicing_entity_id: ACME_ENTITY,
        is_tax_exempt: true,
      }),
      // No optional field is set, and it is archived: it is found like any other.
      newCustomer({
        id: 'cus_1',
        name: 'Quiet Customer',
        currency: 'EUR',
        invoicing_entity_id: ACME_ENTITY,
        archived: true,
        customer_type: 'INDIVIDUAL',
      }),
    ],
  },
  {
    id: 'globex',
    tokens: [TOKENS.globex.current, TOKENS.globex.next],
    currencies: ['USD', 'CAD', 'EUR'],
    customers: [
      newCustomer({
        id: 'cus_4Zx1Cv7Bn3Mq9WeRt5YuI0',
        name: 'Hank Sample Trading',
        alias: 'hank-trading',
        billing_email: 'hank@sample-trading.test',
        invoicing_emails: ['ap@sample-trading.test'],
        phone: '+1 555 0100',
        currency: 'USD',
        billing_address: { line1: '42 Cypress Creek', city: 'Springfield', country: 'US' },
        invoicing_entity_id: GLOBEX_ENTITY,
      }),
      newCustomer({
        id: 'cus_5Po9Iu8Yt7Re6Wq5Az4Sx3',
        name: 'Fictional Maple Syrup',
        // One of acme's customers has the same alias: aliases are unique only within a tenant.
        alias: 'lovell',
        billing_email: 'office@maple.test',
        currency: 'CAD',
        custom_taxes: [
          { name: 'GST', tax_code: 'CA-GST', rate: '5' },
          { name: 'PST', tax_code: 'CA-PST', rate: '9.975' },
        ],
        invoicing_entity_id: GLOBEX_ENTITY,
        vat_number: 'CA123456789RT0001',
      }),
      newCustomer({
        id: 'cus_2Mn4Bv6Cx8Za1Sd3Fg5Hj7',
        name: 'Zoë Beispiel Ünlimited',
        currency: 'EUR',
        phone: '+33 1 55 50 10 02',
        invoicing_entity_id: GLOBEX_ENTITY,
      }),
    ],
  },
];
