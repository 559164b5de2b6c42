import { textOf } from './values.js';

it.each([
  ['name', 'Ada', 'Ada'],
  ['is_tax_exempt', true, 'yes'],
  ['invoicing_emails', ['a@b.test', 'c@d.test'], 'a@b.test; c@d.test'],
  ['custom_taxes', [{ rate: '19', name: 'VAT', tax_code: 'DE-STD' }], 'VAT (DE-STD) 19 %'],
  // Members of a mask are in the order of their names.
  ['billing_address', { city: 'H***', country: 'US', line1: '1***', line2: '' }, '1***, H***, US'],
  ['shipping_address', { same_as_billing: true }, 'same as the billing address'],
  ['shipping_address', { same_as_billing: false, address: { line1: 'Dock 7' } }, 'Dock 7'],
  ['custom_taxes', '***', '***'],
  ['format', 'ndjson', 'ndjson'],
] as const)('says %s as a person would', (field, value, text) => {
  expect(textOf(field, value)).toBe(text);
});
