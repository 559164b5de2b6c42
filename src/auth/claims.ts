import type { ClaimPath } from '../config/claim-path.js';

export type Claims = Readonly<Record<string, unknown>>;

/** The claim at a place; undefined if there is none. What every object inherits is no claim. */
export function claimAt(claims: Claims, { steps }: ClaimPath): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined;
    // A list has the members of RFC 6901, section 4: its items, by their index without leading zeros.
    if (Array.isArray(value) && !/^(?:0|[1-9][0-9]*)$/.test(step)) return undefined;
    return Object.getOwnPropertyDescriptor(value, step)?.value;
  }, claims);
}

const UNREADABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Text that every audit event can store and every reader can read: 1 to 255 characters, without invisible characters
 * and without characters that change the direction of text. Undefined for anything else.
 */
export function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
  return UNREADABLE.test(value) || !/^.{1,255}$/su.test(value) ? undefined : value;
}
