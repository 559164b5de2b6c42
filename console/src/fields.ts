// The twelve fields of a patch, in the order in which a person meets them.
import type { CustomerPatch } from 'billing-bff-client';

/** How a field is filled in. */
export type FieldKind = 'text' | 'lines' | 'yes-no' | 'taxes' | 'address' | 'shipping';
export type FieldName = keyof CustomerPatch;

export interface Field {
  readonly name: FieldName;
  readonly label: string;
  readonly kind: FieldKind;
  readonly hint?: string;
}

// The type makes sure that none of the description's fields is missing.
const BY_NAME: Record<FieldName, Omit<Field, 'name'>> = {
  name: { label: 'Name', kind: 'text' },
  alias: { label: 'Alias', kind: 'text', hint: 'Other systems may address the customer by it.' },
  billing_email: { label: 'Billing e-mail', kind: 'text' },
  invoicing_emails: { label: 'Invoicing e-mails', kind: 'lines', hint: 'One a line.' },
  phone: { label: 'Phone', kind: 'text' },
  currency: { label: 'Currency', kind: 'text', hint: 'ISO 4217, such as EUR.' },
  invoicing_entity_id: { label: 'Invoicing entity', kind: 'text' },
  is_tax_exempt: { label: 'Tax exempt', kind: 'yes-no', hint: 'The billing API never shows this value.' },
  vat_number: { label: 'VAT number', kind: 'text' },
  custom_taxes: { label: 'Custom taxes', kind: 'taxes', hint: 'One a line: name; code; rate in percent.' },
  billing_address: { label: 'Billing address', kind: 'address' },
  shipping_address: { label: 'Shipping address', kind: 'shipping' },
};

export const FIELDS: readonly Field[] = Object.entries(BY_NAME).map(([name, field]) => ({
  name: name as FieldName,
  ...field,
}));

/** The label of a field; of anything else that the trail calls a change, its name. */
export function labelOf(field: string): string {
  return FIELDS.find(({ name }) => name === field)?.label ?? field;
}

export const ADDRESS_PARTS = ['line1', 'line2', 'zip_code', 'city', 'state', 'country'] as const;
