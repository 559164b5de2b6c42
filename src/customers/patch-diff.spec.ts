import { sameValue } from './patch-diff.js';

const taxes = (...rates: unknown[]): unknown[] => rates.map((rate) => ({ name: 'a', tax_code: 'b', rate }));

describe('the same value', () => {
  it.each([
    ['20.5', '20.5'],
    ['20.50', '20.5'],
    ['020.5', '20.5'],
    ['20', '20.0'],
    ['0', '0.000'],
    ['0.00000001', '0.00000001'],
    ['100.000', '100'],
    // U11: the answer went through a 64-bit float.
    ['20.123456789012345678901234', '20.123456789012344'],
    ['0.1000000000000000000000000001', '0.1'],
    ['33.3333333333333333333', '33.333333333333336'],
  ])('of rates is that of the decimals, or of the floats: %s and %s (U11)', (asked, shown) => {
    expect(sameValue('custom_taxes', taxes(asked), taxes(shown))).toBe(true);
  });

  it.each([
    ['20.5', '20.51'],
    ['20.5', '205'],
    ['0', '0.00000001'],
    ['0.1', '0.10000000000000002'],
    ['1', '-1'],
    ['1', ''],
    ['1', '1e0'],
    ['1', 'one'],
    ['1', null],
    ['1', undefined],
  ])('of rates is not that of different ones: %s and %p (U11)', (asked, shown) => {
    expect(sameValue('custom_taxes', taxes(asked), taxes(shown))).toBe(false);
  });

  it('of taxes is that of the same ones in the same order', () => {
    expect(sameValue('custom_taxes', [], [])).toBe(true);
    expect(sameValue('custom_taxes', taxes('1', '2'), taxes('1.0', '2.0'))).toBe(true);
    expect(sameValue('custom_taxes', taxes('1', '2'), taxes('2', '1'))).toBe(false);
    expect(sameValue('custom_taxes', taxes('1'), taxes('1', '1'))).toBe(false);
    expect(sameValue('custom_taxes', taxes('1', '1'), taxes('1'))).toBe(false);
    expect(
      sameValue(
        'custom_taxes',
        [{ name: '1', tax_code: 'b', rate: '1' }],
        [{ name: '1.0', tax_code: 'b', rate: '1' }],
      ),
    ).toBe(false);
    expect(sameValue('custom_taxes', taxes('1'), null)).toBe(false);
  });

  it('of addresses takes absent and null alike, and nothing else (U12)', () => {
    const asked = { city: 'Berlin' };
    expect(sameValue('billing_address', asked, { city: 'Berlin' })).toBe(true);
    expect(sameValue('billing_address', asked, { city: 'Berlin', line1: null })).toBe(true);
    expect(sameValue('billing_address', {}, { line1: null })).toBe(true);
    expect(sameValue('billing_address', asked, { city: 'Berlin', line1: '' })).toBe(false);
    expect(sameValue('billing_address', asked, { city: 'Berlin', line1: 'Main Street 1' })).toBe(false);
    expect(sameValue('billing_address', asked, { city: 'berlin' })).toBe(false);
    expect(sameValue('billing_address', asked, {})).toBe(false);
    expect(sameValue('billing_address', asked, null)).toBe(false);
    expect(sameValue('billing_address', asked, [asked])).toBe(false);
  });

  it('of a shipping address looks at both of its members', () => {
    const asked = { same_as_billing: false, address: { city: 'Berlin' } };
    expect(sameValue('shipping_address', asked, structuredClone(asked))).toBe(true);
    expect(sameValue('shipping_address', asked, { ...asked, same_as_billing: true })).toBe(false);
    expect(sameValue('shipping_address', asked, { ...asked, address: { city: 'Hamburg' } })).toBe(false);
    expect(
      sameValue('shipping_address', { same_as_billing: true }, { same_as_billing: true, address: null }),
    ).toBe(true);
  });

  it('of text is that of the same characters', () => {
    expect(sameValue('name', 'Acme', 'Acme')).toBe(true);
    expect(sameValue('name', 'Acme', 'acme')).toBe(false);
    expect(sameValue('name', 'Acme', 'Acme ')).toBe(false);
    expect(sameValue('name', '\u00e9', 'e\u0301')).toBe(false);
    expect(sameValue('phone', '1.0', '1')).toBe(false);
    expect(sameValue('alias', 'a', null)).toBe(false);
    expect(sameValue('alias', 'a', undefined)).toBe(false);
  });

  it('of e-mail addresses is that of the same ones in the same order', () => {
    expect(sameValue('invoicing_emails', ['a', 'b'], ['a', 'b'])).toBe(true);
    expect(sameValue('invoicing_emails', ['a', 'b'], ['b', 'a'])).toBe(false);
    expect(sameValue('invoicing_emails', [], ['a'])).toBe(false);
  });
});
