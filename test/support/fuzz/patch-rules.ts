import { isUtf8 } from 'node:buffer';

type Rule = (value: unknown) => boolean;

/**
 * The rules of a patch's body, written once more from their description and with nothing of the service: whether the
 * service may send what these bytes say. It may refuse more, such as an e-mail address that this takes.
 */
export function mayBeSent(bytes: Buffer): boolean {
  if (bytes.length > 65_536 || !isUtf8(bytes)) return false;
  // A parser may ignore a byte order mark (RFC 8259, section 8.1).
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  try {
    const value: unknown = JSON.parse(text, (key, member: unknown) => {
      if (key === '__proto__') throw new Error('a key of prototypes');
      return member;
    });
    return Object.keys(value ?? {}).length > 0 && record(FIELDS)(value);
  } catch {
    return false;
  }
}

const REFUSED = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E]/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

const text =
  (min: number, max: number, ...more: ((value: string) => boolean)[]): Rule =>
  (value) => {
    if (typeof value !== 'string' || REFUSED.test(value)) return false;
    const length = Array.from(value).length;
    return length >= min && length <= max && more.every((fits) => fits(value));
  };
const matching =
  (pattern: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const list =
  (max: number, item: Rule): Rule =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(item);
const record =
  (members: Record<string, Rule>, required: readonly string[] = []): Rule =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    required.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, member]) => Object.hasOwn(members, name) && members[name]?.(member));

const isBoolean: Rule = (value) => typeof value === 'boolean';
const isVisible = (value: string): boolean => /[^\s\p{Default_Ignorable_Code_Point}]/u.test(value);
const visible = text(1, 255, isVisible);
const email = text(3, 254, (value) => /^[^\s]+@[^\s@]+$/u.test(value) && !INVISIBLE.test(value));
const alias = text(
  1,
  255,
  (value) => !/[\s/\\]/u.test(value) && !INVISIBLE.test(value),
  (value) => value !== '.' && value !== '..' && !value.startsWith('cus_'),
);
const rate: Rule = (value) =>
  typeof value === 'string' &&
  /^\d+(\.\d+)?$/.test(value) &&
  value.replace('.', '').length <= 28 &&
  Number(value) <= 100;
const line = text(0, 255);
const address = record({
  ...{ line1: line, line2: line, city: line, state: line, zip_code: line },
  country: matching(/^[A-Z]{2}$/),
});

const FIELDS: Record<string, Rule> = {
  name: visible,
  alias,
  billing_email: email,
  invoicing_emails: list(100, email),
  phone: (value) =>
    matching(/^[\d +()\-./A-Za-z#;=]{3,32}$/)(value) && String(value).replaceAll(/\D/g, '').length >= 3,
  currency: matching(/^[A-Z]{3}$/),
  invoicing_entity_id: matching(/^ive_[0-9A-Za-z]{1,22}$/),
  is_tax_exempt: isBoolean,
  vat_number: (value) =>
    matching(/^[A-Za-z0-9 .\-/*+&Ññ]{1,32}$/)(value) &&
    (String(value).match(/[A-Za-z0-9Ññ]/g) ?? []).length >= 2,
  custom_taxes: list(50, record({ name: visible, tax_code: visible, rate }, ['name', 'tax_code', 'rate'])),
  billing_address: address,
  shipping_address: record({ same_as_billing: isBoolean, address }, ['same_as_billing']),
};
