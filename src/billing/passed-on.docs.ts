import { CustomerList, PaginationMeta } from './customer-list.dto.js';
import { Customer, CustomerAddress, CustomerShippingAddress, CustomerTax } from './customer.dto.js';

const TAX = { name: 'City tax', tax_code: 'CITY', rate: '20.5' };
const ADDRESS = { line1: 'Main Street 1', city: 'Berlin', zip_code: '10115', country: 'DE' };
const SHIPPING = { same_as_billing: false, address: { ...ADDRESS, line1: 'Gate 7' } };
const CUSTOMER = {
  id: 'cus_7n42DGM5Tflk9n8mt7Fhc7',
  name: 'Acme Berlin GmbH',
  alias: 'acme',
  billing_email: 'billing@acme.test',
  invoicing_emails: ['invoices@acme.test'],
  phone: null,
  currency: 'EUR',
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  vat_number: 'DE123456789',
  custom_taxes: [TAX],
  billing_address: ADDRESS,
  shipping_address: SHIPPING,
  // Beyond the contract, as newer servers answer it.
  customer_type: 'BUSINESS',
  connected_account_id: null,
  preferred_locales: ['de-DE'],
  custom_properties: {},
};
const PAGE = { page: 0, per_page: 10, total_items: 1, total_pages: 1 };

/** What is passed on with undocumented members (U12), and an example of each. */
export const PASSED_ON = [
  [Customer, CUSTOMER],
  [CustomerTax, TAX],
  [CustomerAddress, ADDRESS],
  [CustomerShippingAddress, SHIPPING],
  [CustomerList, { data: [CUSTOMER], pagination_meta: PAGE }],
  [PaginationMeta, PAGE],
] as const;
