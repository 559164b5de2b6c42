import type { Customer } from '../billing/customer.dto.js';
import { PATCH_FIELDS, type PatchCustomerDto, type PatchField } from './dto/patch-customer.dto.js';
import { sameValue } from './same-value.js';

/** Values of a customer's fields as the billing API showed them. */
export type Shown = Readonly<Partial<Record<PatchField, unknown>>>;

/** What was asked for, what was read before, and what goes out. */
export interface PatchPlan {
  readonly asked: PatchCustomerDto;
  /** The customer just before; undefined when it was not read. */
  readonly before: Shown | undefined;
  /** The fields that are sent: those that differ, or all when nothing was read. */
  readonly sent: readonly PatchField[];
}

/** Sends only what differs from the customer just read (U3, U4); what can't be read is always sent (U2). */
export function planPatch(asked: PatchCustomerDto, before: Customer | undefined): PatchPlan {
  const fields = askedFields(asked);
  if (before === undefined) return { asked, before, sent: fields };
  return { asked, before, sent: fields.filter((field) => !shows(before, field, asked[field])) };
}

/** The body that goes out: the caller's own, without what already holds. */
export function bodyOf({ asked, sent }: PatchPlan): object {
  const fields: readonly string[] = sent;
  return Object.fromEntries(Object.entries(asked).filter(([field]) => fields.includes(field)));
}

export function askedFields(asked: PatchCustomerDto): PatchField[] {
  return PATCH_FIELDS.filter((field) => asked[field] !== undefined);
}

/** Whether a customer shows every value that was sent, as far as it can be seen: then the asked state is there. */
export function showsAsked({ asked, sent }: PatchPlan, customer: Shown): boolean {
  const fields = sent.filter(isVerifiable);
  return fields.length > 0 && fields.every((field) => shows(customer, field, asked[field]));
}

/** Whether every field that was sent, as far as it can be seen, still is as it was first read. */
export function isAsFirstRead({ before, sent }: PatchPlan, customer: Shown): boolean {
  const fields = sent.filter(isVerifiable);
  if (before === undefined || fields.length === 0) return false;
  return fields.every((field) => shows(customer, field, before[field]));
}

/** Whether a customer is the same in everything that a patch can change and a reader can see. */
export function isSameCustomer(one: Customer, other: Customer): boolean {
  return (
    one.id === other.id &&
    PATCH_FIELDS.filter(isVerifiable).every((field) => shows(other, field, shownValue(one, field)))
  );
}

/** Of what is written only: it is in no answer (U2). */
export function isVerifiable(field: PatchField): boolean {
  return field !== 'is_tax_exempt';
}

/** Whether the billing API shows a value for the field; what can't be seen is never shown. */
export function shows(customer: Shown, field: PatchField, value: unknown): boolean {
  return isVerifiable(field) && sameValue(field, value, customer[field]);
}

/** What a customer shows for the field; undefined for what is not shown. */
export function shownValue(customer: Shown, field: PatchField): unknown {
  return customer[field];
}
