// The patch that puts the fields of an operation back.
import type { Customer, CustomerPatch } from 'billing-bff-client';
import type { Change } from '../api.js';
import type { Session } from '../session.js';
import { isEmpty, isSame, type Json } from '../values.js';

export interface UndoPlan {
  /** Fields that still hold what the operation wrote, as they were before. */
  readonly patch: CustomerPatch;
  readonly impossible: readonly { readonly field: string; readonly why: string }[];
}

/** Only what happened can be undone, by who may know what was there before. */
export function mayUndo(session: Session, changes: readonly Change[]): boolean {
  return changes.some(happened) && session.may('audit:read:clear') && session.may('customers:write');
}

function happened({ effect }: Change): boolean {
  return effect === 'applied' || effect === 'normalised';
}

/** @param changes with clear values; @param now the customer as it is */
export function undoPlan(changes: readonly Change[], now: Customer): UndoPlan {
  const patch: Record<string, Json> = {};
  const impossible: { field: string; why: string }[] = [];
  for (const change of changes) {
    if (!happened(change)) continue;
    const why = obstacle(change, (now as unknown as Record<string, Json>)[change.field]);
    if (why === undefined) patch[change.field] = withoutNulls(change.clear?.before as Json);
    else impossible.push({ field: change.field, why });
  }
  return { patch, impossible };
}

function obstacle({ field, clear }: Change, now: Json | undefined): string | undefined {
  if (field === 'is_tax_exempt') return 'The billing API never shows it, so nobody knows what it was before.';
  if (clear === undefined || !('before' in clear)) return 'Its earlier value was not read, or was erased.';
  const { before, after } = clear as { before?: Json; after?: Json };
  if (after !== undefined && !isSame(after, now)) return 'It has been changed again since.';
  if (isEmpty(before) && !Array.isArray(before))
    return 'It was empty before, and the billing API cannot clear a field.';
  return undefined;
}

/** A patch takes no null. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  );
}
