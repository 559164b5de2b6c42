import type { Change, Effect } from '../audit/audit-event.js';
import type { Customer } from '../billing/customer.dto.js';
import { readCustomer } from '../billing/read-customer.js';
import { intendedChanges } from './audit-changes.js';
import type { CustomerPreview, PreviewWarning } from './customer-preview.schema.js';
import type { PatchField } from './dto/patch-customer.dto.js';
import { isVerifiable, type PatchDiff } from './patch-diff.js';

/** The preview of a patch, from the customer just read: the changed customer, the changes, and warnings. */
export function previewOf(diff: PatchDiff, customer: Customer, etag: string): CustomerPreview {
  return {
    changes: expectedChanges(diff),
    warnings: warningsOf(diff, customer),
    customer: asItWouldBe(diff, customer),
    etag,
  };
}

/** `is_tax_exempt` is in no customer (U2). Undocumented fields stay unchanged (U12). */
function asItWouldBe({ asked, sent }: PatchDiff, customer: Customer): Customer {
  const visible: readonly string[] = sent.filter(isVerifiable);
  const changed = Object.entries(asked).filter(([field]) => visible.includes(field));
  const values: readonly (readonly [string, unknown])[] = [...Object.entries(customer.toJSON()), ...changed];
  return readCustomer(Object.fromEntries(values)) ?? customer;
}

/** The changes with their expected effects. */
function expectedChanges(diff: PatchDiff): Change[] {
  return intendedChanges(diff).map(({ field, ...values }) => ({
    field,
    ...values,
    effect: expectedEffect(diff.sent.find((sent) => sent === field)),
  }));
}

function expectedEffect(sent: PatchField | undefined): Effect {
  if (sent === undefined) return 'unchanged';
  return isVerifiable(sent) ? 'applied' : 'unverifiable';
}

function warningsOf(diff: PatchDiff, customer: Customer): PreviewWarning[] {
  return diff.sent.flatMap((field) => WARNINGS[field]?.(diff, customer) ?? []);
}

type Warn = (diff: PatchDiff, customer: Customer) => PreviewWarning[];

const WARNINGS: Partial<Record<PatchField, Warn>> = {
  alias: (_diff, { alias }) =>
    alias === null || alias === undefined
      ? []
      : [
          {
            code: 'old-alias-breaks',
            field: 'alias',
            detail: 'URLs with the old alias will stop working; use the id.',
          },
        ],
  currency: () => [
    { code: 'currency-changes', field: 'currency', detail: 'The currency of the customer will change.' },
  ],
  vat_number: () => [
    {
      code: 'vat-validation-reset',
      field: 'vat_number',
      detail: 'The stored validation of the VAT number will be reset; the number is validated again.',
    },
  ],
  invoicing_emails: ({ asked }, customer) =>
    emptied('invoicing_emails', asked.invoicing_emails, customer.invoicing_emails),
  custom_taxes: ({ asked }, customer) => emptied('custom_taxes', asked.custom_taxes, customer.custom_taxes),
  billing_address: ({ asked }, customer) =>
    blanked('billing_address', asked.billing_address, customer.billing_address),
  shipping_address: ({ asked }, customer) =>
    blanked('shipping_address', asked.shipping_address?.address, customer.shipping_address?.address),
};

function emptied(
  field: PatchField,
  asked: readonly unknown[] | undefined,
  now: readonly unknown[],
): PreviewWarning[] {
  if (asked?.length !== 0 || now.length === 0) return [];
  return [{ code: 'list-emptied', field, detail: 'Every entry of the list will be removed.' }];
}

/** An address is replaced as a whole (U5): its lines that are missing or empty in the patch are removed. */
function blanked(
  field: PatchField,
  asked: object | undefined,
  now: object | null | undefined,
): PreviewWarning[] {
  const next = new Map<string, unknown>(Object.entries(asked ?? {}));
  const lines = Object.entries(now ?? {}).filter(([line, value]) => isSet(value) && !isSet(next.get(line)));
  if (lines.length === 0) return [];
  const names = lines.map(([line]) => line).join(', ');
  return [{ code: 'address-lines-blanked', field, detail: `These lines will be empty: ${names}.` }];
}

function isSet(line: unknown): boolean {
  return line !== undefined && line !== null && line !== '';
}
