import { PATCH_FIELDS } from './dto/patch-customer.dto.js';
import { readPatch } from './patch-body.pipe.js';
import { askedFields, type PatchDiff } from './patch-diff.js';

/** What is kept of a sent patch, encrypted, until it is known what became of it. */
export interface PatchSnapshot {
  /** Id or alias, as it was sent to the billing API. */
  readonly customerRef: string;
  readonly diff: PatchDiff;
}

/** Where it is stored: elsewhere it does not decrypt. */
export function placeOf(operationId: string): string {
  return `operation ${operationId}`;
}

/** As JSON: of the customer only what the patch concerns. */
export function snapshotOf({ customerRef, diff }: PatchSnapshot): object {
  const { asked, before, sent } = diff;
  const concerned = askedFields(asked).map((field) => [field, before?.[field] ?? null] as const);
  return { customerRef, asked, sent, before: before === undefined ? null : Object.fromEntries(concerned) };
}

/** @throws TypeError for what `snapshotOf` did not make */
export function readSnapshot(value: unknown): PatchSnapshot {
  if (!isSnapshot(value)) throw new TypeError('this is no snapshot of a patch');
  const { customerRef, asked, before } = value;
  const names: readonly unknown[] = value.sent;
  const sent = PATCH_FIELDS.filter((field) => names.includes(field));
  return { customerRef, diff: { asked: readPatch(asked, undefined), before: before ?? undefined, sent } };
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
