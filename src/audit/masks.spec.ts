import { maskEmail, maskMembers, maskNumber, maskRef, maskText } from './masks.js';

describe('a mask', () => {
  it.each([
    ['Acme GmbH', 'A***'],
    ['abc', 'a***'],
    ['😀😀😀', '😀***'],
  ])('of text shows its first letter: %s', (value, masked) => {
    expect(maskText(value)).toBe(masked);
  });

  it.each(['', 'a', 'ab', '😀😀'])('of very short text shows nothing: %p', (value) => {
    expect(maskText(value)).toBe('***');
  });

  it.each([
    ['anna@acme.test', 'a***@acme.test'],
    ['a@acme.test', '***@acme.test'],
    ['"a@b"@acme.test', '"***@acme.test'],
    ['nobody', 'n***'],
    ['@acme', '@***'],
  ])('of an e-mail address hides who it is: %s', (value, masked) => {
    expect(maskEmail(value)).toBe(masked);
  });

  it.each([
    ['+49 30 123456', '***456'],
    ['DE123456789', '***789'],
    ['1234567', '***567'],
    ['123456', '***'],
    ['12', '***'],
    ['', '***'],
  ])('of a number shows its end, if more stays hidden: %p', (value, masked) => {
    expect(maskNumber(value)).toBe(masked);
  });

  it.each([
    ['cus_7n42DGM5Tflk9n8mt7Fhc7', 'cus_7n42DGM5Tflk9n8mt7Fhc7'],
    ['cus_1', 'cus_1'],
    ['acme-berlin', 'a***'],
    ['cus_', 'c***'],
    ['cus_anna@acme.test', 'c***'],
    [`cus_${'1'.repeat(23)}`, 'c***'],
    ['xcus_1', 'x***'],
    ['cus_1\n', 'c***'],
  ])('of a reference shows ids only: %p', (ref, masked) => {
    expect(maskRef(ref)).toBe(masked);
  });

  it('of an object reaches every text in it, by the member’s name', () => {
    const maskOf = (name: string) => (text: string) => (name === 'country' ? text : '***');
    const value = {
      line1: 'Main Street 1',
      country: 'DE',
      same: true,
      none: null,
      absent: undefined,
      count: 7,
      inner: { city: 'Berlin' },
    };

    expect(maskMembers(value, maskOf)).toStrictEqual({
      line1: '***',
      country: 'DE',
      same: true,
      none: null,
      count: null,
      inner: { city: '***' },
    });
  });
});
