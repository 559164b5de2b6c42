import { type BillingApi, type BillingTenant } from './billing-api.js';
import { newCustomer } from './billing-customer.js';

// Shared by the specs of the billing API: two tenants, and requests over real HTTP.

export const ADA = newCustomer({
  id: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Ada',
  alias: 'ada',
  billing_email: 'ada@acme.test',
  invoicing_emails: ['one@acme.test', 'two@acme.test'],
  billing_address: { line1: 'Musterweg 1', city: 'Berlin', country: 'DE' },
  custom_taxes: [{ name: 'VAT', tax_code: 'DE', rate: '20.5' }],
  currency: 'EUR',
  invoicing_entity_id: 'ive_1',
  vat_number: 'DE999',
  is_tax_exempt: true,
});
export const BARE = newCustomer({
  id: 'cus_2',
  name: 'Bare',
  currency: 'EUR',
  invoicing_entity_id: 'ive_1',
  archived: true,
});
export const ELSEWHERE = newCustomer({
  id: 'cus_3',
  name: 'Else',
  alias: 'ada',
  currency: 'USD',
  invoicing_entity_id: 'ive_9',
});
export const TENANTS: BillingTenant[] = [
  {
    id: 'acme',
    tokens: [{ name: 'bff', value: 'acme-token' }],
    currencies: ['EUR', 'USD'],
    customers: [ADA, BARE],
  },
  {
    id: 'globex',
    tokens: [{ name: 'bff', value: 'globex-token' }],
    currencies: ['USD'],
    customers: [ELSEWHERE],
  },
];
export const ADA_ANSWER = {
  id: ADA.id,
  name: 'Ada',
  alias: 'ada',
  billing_email: 'ada@acme.test',
  invoicing_emails: ['one@acme.test', 'two@acme.test'],
  phone: null,
  billing_address: { line1: 'Musterweg 1', city: 'Berlin', country: 'DE' },
  shipping_address: null,
  currency: 'EUR',
  custom_taxes: [{ name: 'VAT', tax_code: 'DE', rate: 20.5 }],
  invoicing_entity_id: 'ive_1',
  vat_number: 'DE999',
  connected_account_id: null,
  preferred_locales: [],
  custom_properties: {},
  customer_type: 'BUSINESS',
};
export const NOW = Date.parse('2026-11-22T12:00:00Z');

export interface Asked {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/**
 * Status, media type and whole body; JSON is parsed.
 * @param idOrAlias or `?` and the query of the list
 */
export async function call(
  api: BillingApi,
  idOrAlias: string,
  asked: Asked = {},
): Promise<{ status: number; type: string | null; body: unknown }> {
  const { method = 'GET', token = 'acme-token', headers = {}, body = null } = asked;
  const response = await fetch(
    `${api.url}/api/v1/customers${idOrAlias.startsWith('?') ? '' : '/'}${idOrAlias}`,
    {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
      signal: AbortSignal.timeout(5_000),
    },
  );
  const text = await response.text();
  const type = response.headers.get('content-type');
  return { status: response.status, type, body: type === 'application/json' ? JSON.parse(text) : text };
}

export function patch(
  api: BillingApi,
  idOrAlias: string,
  body: unknown,
  asked: Asked = {},
): ReturnType<typeof call> {
  const json = { 'content-type': 'application/json' };
  return call(api, idOrAlias, { method: 'PATCH', headers: json, body: JSON.stringify(body), ...asked });
}

export const ok = (body: unknown): unknown => ({ status: 200, type: 'application/json', body });
export const error = (status: number, code: string, message: string): unknown => ({
  status,
  type: 'application/json',
  body: { code, message },
});
export const NOT_FOUND = error(404, 'NOT_FOUND', 'Customer not found');
export const UNAUTHORIZED = error(401, 'UNAUTHORIZED', 'Invalid API token');
