import type { ChangeValue } from '../audit/change-values.js';
import { PATCH_FIELDS, PatchCustomerDto } from './dto/patch-customer.dto.js';
import { askedFields, type PatchDiff, sentFields } from './patch-diff.js';

/**
 * The data of a sent patch, to find its outcome later. The values of its intent hold them; if the customer's id or key
 * is not known, the intent has no values, and they are stored encrypted until the outcome is final.
 */
export interface PatchSnapshot {
  /** Id or alias in the billing API's URL. */
  readonly customerRef: string;
  readonly diff: PatchDiff;
}

/** Where it is stored. It can't be decrypted at another place. */
export function placeOf(operationId: string): string {
  return `operation ${operationId}`;
}

/** As JSON, with only the customer's fields that the patch changes. */
export function snapshotOf({ customerRef, diff }: PatchSnapshot): object {
  const { asked, before, sent } = diff;
  const concerned = askedFields(asked).map((field) => [field, before?.[field] ?? null] as const);
  return { customerRef, asked, sent, before: before === undefined ? null : Object.fromEntries(concerned) };
}

/**
 * From the values of its intent, also of another version of the service: unknown fields are left out, and values are
 * not checked again.
 */
export function snapshotFrom(customerRef: string, values: readonly ChangeValue[]): PatchSnapshot {
  const known = PATCH_FIELDS.flatMap((field) => {
    const value = values.find((one) => one.field === field);
    return value === undefined ? [] : [{ ...value, field }];
  });
  const asked = Object.assign(
    new PatchCustomerDto(),
    Object.fromEntries(known.map(({ field, after }) => [field, after])),
  );
  const read = known.filter(({ before }) => before !== undefined);
  const before =
    read.length === 0
      ? undefined
      : Object.fromEntries(read.map(({ field, before: value }) => [field, value]));
  return { customerRef, diff: { asked, before, sent: sentFields(asked, before) } };
}

/**
 * Reads the result of `snapshotOf`, also from another version of the service: unknown fields are left out, and values
 * are not checked again. Undefined for any other value.
 */
export function readSnapshot(value: unknown): PatchSnapshot | undefined {
  if (!isSnapshot(value)) return undefined;
  const { customerRef, before } = value;
  const names: readonly unknown[] = value.sent;
  const known = Object.entries(value.asked).filter(([name]) => PATCH_FIELDS.some((field) => field === name));
  const asked = Object.assign(new PatchCustomerDto(), Object.fromEntries(known));
  const sent = PATCH_FIELDS.filter((field) => names.includes(field));
  return { customerRef, diff: { asked, before: before ?? undefined, sent } };
}

interface StoredSnapshot {
  readonly customerRef: string;
  readonly asked: object;
  readonly sent: readonly unknown[];
  readonly before: object | null;
}

function isSnapshot(value: unknown): value is StoredSnapshot {
  if (typeof value !== 'object' || value === null) return false;
  if (!('customerRef' in value && 'asked' in value && 'sent' in value && 'before' in value)) return false;
  const { customerRef, asked, sent, before } = value;
  return (
    typeof customerRef === 'string' &&
    typeof asked === 'object' &&
    asked !== null &&
    Array.isArray(sent) &&
    typeof before === 'object'
  );
}
