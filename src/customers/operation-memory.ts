import { readPatch } from './patch-body.js';
import { PATCH_FIELDS } from './dto/patch-customer.dto.js';
import { askedFields, type PatchPlan } from './patch-plan.js';

/** What is kept of a sent patch, encrypted, until its end is known. */
export interface PatchMemory {
  /** Id or alias, as it was sent to the billing API. */
  readonly customerRef: string;
  readonly plan: PatchPlan;
}

/** Where it is stored: elsewhere it does not decrypt. */
export function placeOf(operationId: string): string {
  return `operation ${operationId}`;
}

/** As JSON: of the customer only what the patch concerns. */
export function toMemory({ customerRef, plan }: PatchMemory): object {
  const { asked, before, sent } = plan;
  const concerned = askedFields(asked).map((field) => [field, before?.[field] ?? null] as const);
  return { customerRef, asked, sent, before: before === undefined ? null : Object.fromEntries(concerned) };
}

/** @throws TypeError for what `toMemory` did not make */
export function fromMemory(memory: unknown): PatchMemory {
  if (!isMemory(memory)) throw new TypeError('this is no memory of a patch');
  const { customerRef, asked, before } = memory;
  const names: readonly unknown[] = memory.sent;
  const sent = PATCH_FIELDS.filter((field) => names.includes(field));
  return { customerRef, plan: { asked: readPatch(asked, undefined), before: before ?? undefined, sent } };
}

interface StoredMemory {
  readonly customerRef: string;
  readonly asked: object;
  readonly sent: readonly unknown[];
  readonly before: object | null;
}

function isMemory(value: unknown): value is StoredMemory {
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
