// Values of fields, as text.
import { ADDRESS_PARTS, FIELDS } from './fields.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export function isEmpty(value: Json | undefined): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** The value of a field, or its mask, in one line for a person. */
export function textOf(field: string, value: Json): string {
  switch (FIELDS.find(({ name }) => name === field)?.kind) {
    case 'address':
      return addressText(value);
    case 'shipping':
      if (!isObject(value)) break;
      return value['same_as_billing'] === true
        ? 'same as the billing address'
        : addressText(value['address'] ?? null);
    case 'taxes':
      return Array.isArray(value) ? value.map(taxText).join('; ') : plainText(value);
    case undefined:
    case 'text':
    case 'lines':
    case 'yes-no':
  }
  return plainText(value);
}

function addressText(value: Json): string {
  if (!isObject(value)) return plainText(value);
  const parts = ADDRESS_PARTS.map((part) => value[part] ?? null).filter((part) => !isEmpty(part));
  return parts.map(plainText).join(', ');
}

function taxText(value: Json): string {
  if (!isObject(value)) return plainText(value);
  const { name = '', tax_code: code = '', rate = '' } = value;
  return `${plainText(name)} (${plainText(code)}) ${plainText(rate)} %`;
}

function plainText(value: Json): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return value.map(plainText).join('; ');
  return Object.values(value)
    .filter((part: Json) => !isEmpty(part))
    .map(plainText)
    .join(', ');
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two values say the same; an absent member is null. */
export function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return canonical(one ?? null) === canonical(other ?? null);
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return `{${members
    .sort(([name], [other]) => (name < other ? -1 : 1))
    .map(([name, member]) => `${name}:${canonical(member)}`)
    .join()}}`;
}
