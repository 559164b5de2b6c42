import type { Change, Effect, Masked } from '../audit/audit-event.js';
import type { ChangeValue } from '../audit/change-values.js';
import { maskEmail, maskMembers, maskNumber, maskText } from '../audit/masks.js';
import { canonicalize } from '../crypto/canonical.js';
import { INVOICING_ENTITY_ID } from '../tenants/tenant.js';
import type { PatchField } from './dto/patch-customer.dto.js';
import { askedFields, isVerifiable, type PatchDiff, shows, type Shown } from './patch-diff.js';

/** The changes of an event and the values behind their masks. */
export interface RecordedChanges {
  readonly changes: readonly Change[];
  readonly values: readonly ChangeValue[];
}

/** The requested changes, before and after, masked. Nothing has happened yet. */
export function intendedChanges(diff: PatchDiff): Change[] {
  return askedFields(diff.asked).map((field) => ({
    field,
    ...beforeOf(diff, field),
    after: maskField(field, diff.asked[field]),
  }));
}

/** What a patch did to one field. */
export interface FieldEffect {
  readonly field: PatchField;
  readonly effect: Effect;
}

/** For a patch that was not applied, or whose outcome is unknown: all fields that were sent have the same effect. */
export function sameEffect(effect: Effect, { asked, sent }: PatchDiff): FieldEffect[] {
  return askedFields(asked).map((field) => ({ field, effect: sent.includes(field) ? effect : 'unchanged' }));
}

/**
 * The effect of each field, according to the customer read afterwards. For fields that were sent: `applied`,
 * `normalised` (stored differently), `ignored` (still as before), or `unverifiable` (not in any answer (U2), or not
 * as requested and nothing was read before). For fields that were not sent, because they already had the requested
 * value: `unchanged`, or `raced` if they no longer have it.
 */
export function effectsSeenIn(diff: PatchDiff, customer: Shown): FieldEffect[] {
  return askedFields(diff.asked).map((field) => ({ field, effect: effectSeenIn(diff, customer, field) }));
}

/** The values behind the masks of the requested changes. */
export function intendedValues(diff: PatchDiff): ChangeValue[] {
  return wholeValues(askedFields(diff.asked), diff, undefined);
}

/**
 * What an outcome without an intent stores: the effects with all values.
 * @param seen the customer read afterwards; undefined if it was not read
 */
export function wholeOutcome(
  effects: readonly FieldEffect[],
  diff: PatchDiff,
  seen: Shown | undefined,
): RecordedChanges {
  const changes = effects.map(({ field, effect }) => ({
    field,
    ...beforeOf(diff, field),
    after: maskField(field, valueAfter(field, diff, seen)),
    effect,
  }));
  const fields = effects.map(({ field }) => field);
  return { changes, values: wholeValues(fields, diff, seen) };
}

/** What an outcome stores beside its intent: the effects, and only the values that differ from the intended ones. */
export function outcomeBesideIntent(
  effects: readonly FieldEffect[],
  diff: PatchDiff,
  seen: Shown | undefined,
): RecordedChanges {
  const values: ChangeValue[] = [];
  const changes = effects.map(({ field, effect }): Change => {
    const after = valueAfter(field, diff, seen);
    if (isSameJson(after, diff.asked[field])) return { effect, field };
    values.push({ field, after });
    return { after: maskField(field, after), effect, field };
  });
  return { changes, values };
}

function wholeValues(fields: readonly PatchField[], diff: PatchDiff, seen: Shown | undefined): ChangeValue[] {
  return fields.map((field) => ({
    field,
    ...(diff.before === undefined || !isVerifiable(field) ? {} : { before: diff.before[field] ?? null }),
    after: valueAfter(field, diff, seen),
  }));
}

/** The requested value, where the customer does not show it. */
function valueAfter(field: PatchField, { asked }: PatchDiff, seen: Shown | undefined): unknown {
  return seen === undefined || !isVerifiable(field) ? asked[field] : (seen[field] ?? null);
}

/** Mostly even their members have the same order. */
function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other) || canonicalize(one) === canonicalize(other);
}

function effectSeenIn({ asked, before, sent }: PatchDiff, customer: Shown, field: PatchField): Effect {
  const asAsked = shows(customer, field, asked[field]);
  if (!sent.includes(field)) return asAsked ? 'unchanged' : 'raced';
  if (asAsked) return 'applied';
  if (before === undefined || !isVerifiable(field)) return 'unverifiable';
  return shows(customer, field, before[field]) ? 'ignored' : 'normalised';
}

/** Absent if the customer was not read, or the field can't be read. */
function beforeOf({ before }: PatchDiff, field: PatchField): Pick<Change, 'before'> {
  return before === undefined || !isVerifiable(field) ? {} : { before: maskField(field, before[field]) };
}

/** The value of a field as the trail shows it: codes unchanged, other text masked. */
function maskField(field: PatchField, value: unknown): Masked {
  if (typeof value === 'string') return (TEXT_MASKS[field] ?? maskText)(value);
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.map((item) => maskField(field, item));
  }
  return typeof value === 'object' && value !== null ? maskMembers(value, maskOfMember) : null;
}

/** A code is not personal data. A value that is not a code is masked like any other text. */
const inClear =
  (code: RegExp) =>
  (value: string): string =>
    code.test(value) ? value : maskText(value);

/** Masks for fields that are not free text. */
const TEXT_MASKS: Partial<Record<PatchField, (value: string) => string>> = {
  billing_email: maskEmail,
  invoicing_emails: maskEmail,
  phone: maskNumber,
  currency: inClear(/^[A-Z]{3}$/),
  invoicing_entity_id: inClear(INVOICING_ENTITY_ID),
  vat_number: maskNumber,
};

function maskOfMember(name: string): (value: string) => string {
  return CODES[name] ?? maskText;
}

const CODES: Partial<Record<string, (value: string) => string>> = {
  country: inClear(/^[A-Z]{2}$/),
  rate: inClear(/^[0-9.]{1,40}$/),
};
