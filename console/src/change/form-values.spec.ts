import type { Customer } from 'billing-bff-client';
import { emptied, inputAt, patchOf, valuesOf } from './form-values.js';

const CUSTOMER: Customer = {
  id: 'cus_1',
  name: 'Acme',
  alias: 'acme',
  billing_email: null,
  invoicing_emails: ['a@acme.test', 'b@acme.test'],
  phone: null,
  currency: 'EUR',
  invoicing_entity_id: 'ive_1',
  vat_number: 'DE1',
  custom_taxes: [{ name: 'City tax', tax_code: 'CITY', rate: '2.5' }],
  billing_address: {
    line1: 'Street 1',
    line2: null,
    city: 'Berlin',
    state: null,
    zip_code: '10115',
    country: 'DE',
  },
  shipping_address: { same_as_billing: true, address: null },
};

it('what is shown makes no patch', () => {
  expect(patchOf(valuesOf(CUSTOMER), CUSTOMER)).toEqual({});
});

it.each([
  [{ name: 'Acme AG' }, { name: 'Acme AG' }],
  [{ invoicing_emails: ' a@acme.test \n\n' }, { invoicing_emails: ['a@acme.test'] }],
  [{ invoicing_emails: '' }, { invoicing_emails: [] }],
  [{ is_tax_exempt: 'no' }, { is_tax_exempt: false }],
  [{ custom_taxes: 'VAT; V; 7' }, { custom_taxes: [{ name: 'VAT', tax_code: 'V', rate: '7' }] }],
  [
    { 'billing_address/city': 'Hamburg' },
    { billing_address: { line1: 'Street 1', city: 'Hamburg', zip_code: '10115', country: 'DE' } },
  ],
  [{ 'shipping_address/same_as_billing': 'no' }, { shipping_address: { same_as_billing: false } }],
  [
    { 'shipping_address/same_as_billing': 'no', 'shipping_address/address/city': 'Bonn' },
    { shipping_address: { same_as_billing: false, address: { city: 'Bonn' } } },
  ],
])('%j is the patch %j', (typed, patch) => {
  expect(patchOf({ ...valuesOf(CUSTOMER), ...typed }, CUSTOMER)).toEqual(patch);
});

it('an emptied field is said, and not sent', () => {
  const values = { ...valuesOf(CUSTOMER), vat_number: '', phone: '' };
  expect(patchOf(values, CUSTOMER)).toEqual({});
  expect(emptied(values, CUSTOMER).map(({ name }) => name)).toEqual(['vat_number']);
});

it.each([
  ['#/name', 'name'],
  ['#/billing_address/country', 'billing_address/country'],
  ['#/billing_address', 'billing_address/line1'],
  ['#/shipping_address/address/city', 'shipping_address/address/city'],
  ['#/custom_taxes/3/rate', 'custom_taxes'],
  ['#/invoicing_emails/0', 'invoicing_emails'],
  ['#/nothing', undefined],
  [undefined, undefined],
])('a fault at %j stands below %j', (pointer, input) => {
  expect(inputAt(pointer)).toBe(input);
});
