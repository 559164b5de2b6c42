import type { Change, Effect, Masked } from '../audit/audit-event.js';
import { maskEmail, maskMembers, maskNumber, maskText } from '../audit/masks.js';
import type { Customer } from '../billing/customer.dto.js';
import { PATCH_FIELDS, type PatchCustomerDto, type PatchField } from './dto/patch-customer.dto.js';
import { sameValue } from './same-value.js';

/** What is asked for, masked, before anything has happened. */
export function askedChanges(patch: PatchCustomerDto): Change[] {
  return askedFields(patch).map((field) => ({ field, after: maskField(field, patch[field]) }));
}

/** Every field with the same effect: for a patch that came to nothing, or whose end is not known. */
export function changesWith(effect: Effect, patch: PatchCustomerDto): Change[] {
  return askedChanges(patch).map((change) => ({ ...change, effect }));
}

/**
 * Compares the answer with what was asked. A field that shows the asked value is `applied`. What can't be
 * seen (U2), or shows another value while nothing was read before, is `unverifiable`.
 */
export function changesSeenIn(customer: Customer, patch: PatchCustomerDto): Change[] {
  return askedFields(patch).map((field) => {
    const seen = field !== 'is_tax_exempt' && sameValue(field, patch[field], customer[field]);
    return { field, after: maskField(field, patch[field]), effect: seen ? 'applied' : 'unverifiable' };
  });
}

function askedFields(patch: PatchCustomerDto): PatchField[] {
  return PATCH_FIELDS.filter((field) => patch[field] !== undefined);
}

/** What the trail shows of a field's value: codes in clear, the rest only hinted at. */
export function maskField(field: PatchField, value: unknown): Masked {
  if (typeof value === 'string') return TEXT_MASKS[field](value);
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.map((item) => maskField(field, item));
  }
  return typeof value === 'object' && value !== null ? maskMembers(value, maskOfMember) : null;
}

const inClear = (value: string): string => value;

const TEXT_MASKS: Record<PatchField, (value: string) => string> = {
  name: maskText,
  alias: maskText,
  billing_email: maskEmail,
  invoicing_emails: maskEmail,
  phone: maskNumber,
  currency: inClear,
  invoicing_entity_id: inClear,
  is_tax_exempt: inClear,
  vat_number: maskNumber,
  custom_taxes: maskText,
  billing_address: maskText,
  shipping_address: maskText,
};

function maskOfMember(name: string): (value: string) => string {
  return name === 'country' || name === 'rate' ? inClear : maskText;
}
