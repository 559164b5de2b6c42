// What the form holds, and the patch that it makes.
import type { Customer, CustomerPatch } from 'billing-bff-client';
import { ADDRESS_PARTS, type Field, FIELDS } from '../fields.js';
import { isSame, type Json } from '../values.js';

/** The text of each input, by its name: `name`, `billing_address/city`, `shipping_address/same_as_billing`. */
export type FormValues = Readonly<Record<string, string>>;

/** The inputs of a field. */
function inputsOf({ name, kind }: Field): readonly string[] {
  if (kind === 'address') return ADDRESS_PARTS.map((part) => `${name}/${part}`);
  if (kind === 'shipping')
    return [`${name}/same_as_billing`, ...ADDRESS_PARTS.map((part) => `${name}/address/${part}`)];
  return [name];
}

export function valuesOf(customer: Customer): FormValues {
  return Object.fromEntries(
    FIELDS.flatMap((field) => inputsOf(field).map((input) => [input, textIn(customer, input, field)])),
  );
}

function textIn(customer: Customer, input: string, { kind }: Field): string {
  const value = input
    .split('/')
    .reduce<unknown>((part, name) => (part as Record<string, unknown> | null | undefined)?.[name], customer);
  if (kind === 'lines') return ((value ?? []) as string[]).join('\n');
  if (kind === 'taxes')
    return ((value ?? []) as Customer['custom_taxes'])
      .map(({ name, tax_code, rate }) => [name, tax_code, rate].join('; '))
      .join('\n');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : '';
}

/** The fields whose inputs say something else than the customer. What was emptied cannot be sent: see `emptied`. */
export function patchOf(values: FormValues, shown: Customer): CustomerPatch {
  const changed = FIELDS.filter((field) => !isEmptied(field, values, shown)).flatMap((field) => {
    const value = valueOf(field, values);
    const before = (shown as unknown as Record<string, Json>)[field.name];
    return value === undefined || isSame(value, before) ? [] : [[field.name, value] as const];
  });
  return Object.fromEntries(changed);
}

/** Fields that the person emptied: the billing API cannot clear them (contract). */
export function emptied(values: FormValues, shown: Customer): readonly Field[] {
  return FIELDS.filter((field) => isEmptied(field, values, shown));
}

function isEmptied(field: Field, values: FormValues, shown: Customer): boolean {
  if (field.kind !== 'text') return false;
  const before = (shown as unknown as Record<string, Json>)[field.name];
  return (values[field.name] ?? '') === '' && typeof before === 'string' && before !== '';
}

function valueOf(field: Field, values: FormValues): Json | undefined {
  const text = values[field.name] ?? '';
  switch (field.kind) {
    case 'text':
      return text === '' ? undefined : text;
    case 'lines':
      return linesOf(text);
    case 'taxes':
      return linesOf(text).map((line) => {
        const [name = '', tax_code = '', rate = ''] = line.split(';').map((part) => part.trim());
        return { name, tax_code, rate };
      });
    case 'yes-no':
      return text === '' ? undefined : text === 'yes';
    case 'address':
      return addressOf(field.name, values);
    case 'shipping': {
      const same = values[`${field.name}/same_as_billing`] ?? '';
      if (same === '') return undefined;
      const address = addressOf(`${field.name}/address`, values);
      return { same_as_billing: same === 'yes', ...(address === undefined ? {} : { address }) };
    }
  }
}

function addressOf(prefix: string, values: FormValues): Json | undefined {
  const parts = ADDRESS_PARTS.map((part) => [part, values[`${prefix}/${part}`] ?? ''] as const);
  const filled = parts.filter(([, text]) => text !== '');
  return filled.length === 0 ? undefined : Object.fromEntries(filled);
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The input that a fault's pointer means: `#/billing_address/country` is `billing_address/country`. */
export function inputAt(pointer: string | undefined): string | undefined {
  if (pointer === undefined) return undefined;
  const path = pointer.replace(/^#\//, '').split('/').map(decodeURIComponent);
  const inputs = FIELDS.flatMap(inputsOf);
  for (let length = path.length; length > 0; length -= 1) {
    const input = inputs.find((name) => name === path.slice(0, length).join('/'));
    if (input !== undefined) return input;
  }
  return FIELDS.map(inputsOf).find(([first]) => first?.split('/')[0] === path[0])?.[0];
}
