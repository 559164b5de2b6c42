import { Big } from 'big.js';
import type { Customer } from '../billing/customer.dto.js';
import { PATCH_FIELDS, type PatchCustomerDto, type PatchField } from './dto/patch-customer.dto.js';

/** Values of a customer's fields as the billing API shows them. */
export type Shown = Readonly<Partial<Record<PatchField, unknown>>>;

/** The requested values, the customer before, and the fields that are sent. */
export interface PatchDiff {
  readonly asked: PatchCustomerDto;
  /** The customer before the patch; undefined if it was not read. */
  readonly before: Shown | undefined;
  /** The fields that are sent: those that differ, or all if nothing was read. */
  readonly sent: readonly PatchField[];
}

/**
 * Only fields that differ from the customer just read are sent (U3, U4). Fields that can't be read are always sent
 * (U2).
 */
export function diffOf(asked: PatchCustomerDto, before: Customer | undefined): PatchDiff {
  return { asked, before, sent: sentFields(asked, before) };
}

export function sentFields(asked: PatchCustomerDto, before: Shown | undefined): PatchField[] {
  const fields = askedFields(asked);
  return before === undefined ? fields : fields.filter((field) => !shows(before, field, asked[field]));
}

/** The body to send: the caller's body without the fields that already have the requested value. */
export function bodyOf({ asked, sent }: PatchDiff): object {
  const fields: readonly string[] = sent;
  return Object.fromEntries(Object.entries(asked).filter(([field]) => fields.includes(field)));
}

export function askedFields(asked: PatchCustomerDto): PatchField[] {
  return PATCH_FIELDS.filter((field) => asked[field] !== undefined);
}

/** Whether the customer has every value that was sent, as far as it can be read: then it has the requested state. */
export function showsAsked({ asked, sent }: PatchDiff, customer: Shown): boolean {
  const fields = sent.filter(isVerifiable);
  return fields.length > 0 && fields.every((field) => shows(customer, field, asked[field]));
}

/** Whether every field that was sent, as far as it can be read, still has the value first read. */
export function isAsFirstRead({ before, sent }: PatchDiff, customer: Shown): boolean {
  const fields = sent.filter(isVerifiable);
  if (before === undefined || fields.length === 0) return false;
  return fields.every((field) => shows(customer, field, before[field]));
}

/** Whether two customers are equal in every field that a patch can change and a reader can see. */
export function isSameCustomer(one: Customer, other: Customer): boolean {
  return (
    one.id === other.id &&
    PATCH_FIELDS.filter(isVerifiable).every((field) => shows(other, field, shownValue(one, field)))
  );
}

/** Fields that no answer contains (U2): exactly the fields that a `Customer` does not have. */
const WRITE_ONLY: Readonly<Record<Exclude<PatchField, keyof Customer>, true>> = { is_tax_exempt: true };

/** Whether the field can be read. */
export function isVerifiable(field: PatchField): boolean {
  return !Object.hasOwn(WRITE_ONLY, field);
}

/** Whether the customer has a value for the field; false for a field that can't be read. */
export function shows(customer: Shown, field: PatchField, value: unknown): boolean {
  return isVerifiable(field) && sameValue(field, value, customer[field]);
}

/** The customer's value of the field; undefined if it can't be read. */
export function shownValue(customer: Shown, field: PatchField): unknown {
  return customer[field];
}

/**
 * Whether the billing API shows the requested value. The order of lists counts. Inside addresses, absent and null are
 * the same (U12). Rates are compared as numbers (U11).
 */
export function sameValue(field: PatchField, asked: unknown, shown: unknown): boolean {
  return same(asked, shown, field === 'custom_taxes' ? sameRate : () => false);
}

type Lenient = (key: string, asked: unknown, shown: unknown) => boolean;

function same(asked: unknown, shown: unknown, lenient: Lenient): boolean {
  if (Array.isArray(asked) && Array.isArray(shown)) {
    const items: readonly unknown[] = shown;
    return asked.length === items.length && asked.every((item, index) => same(item, items[index], lenient));
  }
  if (isObject(asked) && isObject(shown)) {
    const keys = new Set([...Object.keys(asked), ...Object.keys(shown)]);
    return [...keys].every(
      (key) => same(asked[key], shown[key], lenient) || lenient(key, asked[key], shown[key]),
    );
  }
  return (asked ?? null) === (shown ?? null);
}

/** Equal as decimals or as 64-bit floats, because the billing API answers floats (U11). */
function sameRate(key: string, asked: unknown, shown: unknown): boolean {
  if (key !== 'rate' || typeof asked !== 'string' || typeof shown !== 'string') return false;
  if (!DECIMAL.test(asked) || !DECIMAL.test(shown)) return false;
  return new Big(asked).eq(new Big(shown)) || Number(asked) === Number(shown);
}

const DECIMAL = /^-?\d{1,400}(\.\d{1,400})?$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
