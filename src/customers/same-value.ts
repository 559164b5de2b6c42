import { Big } from 'big.js';
import type { PatchField } from './dto/patch-customer.dto.js';

/**
 * Whether the billing API shows the value that was asked for. The order of lists counts; inside addresses
 * absent and null are alike (U12); rates are compared as numbers (U11).
 */
export function sameValue(field: PatchField, asked: unknown, shown: unknown): boolean {
  return same(asked, shown, field === 'custom_taxes' ? sameRate : () => false);
}

type Lenient = (key: string, asked: unknown, shown: unknown) => boolean;

function same(asked: unknown, shown: unknown, lenient: Lenient): boolean {
  if (Array.isArray(asked) && Array.isArray(shown)) {
    const items: readonly unknown[] = shown;
    return asked.length === items.length && asked.every((item, index) => same(item, items[index], lenient));
  }
  if (isObject(asked) && isObject(shown)) {
    const keys = new Set([...Object.keys(asked), ...Object.keys(shown)]);
    return [...keys].every(
      (key) => same(asked[key], shown[key], lenient) || lenient(key, asked[key], shown[key]),
    );
  }
  return (asked ?? null) === (shown ?? null);
}

/** Equal as decimals, or once both are 64-bit floats: the billing API answers floats (U11). */
function sameRate(key: string, asked: unknown, shown: unknown): boolean {
  if (key !== 'rate' || typeof asked !== 'string' || typeof shown !== 'string') return false;
  if (!DECIMAL.test(asked) || !DECIMAL.test(shown)) return false;
  return new Big(asked).eq(new Big(shown)) || Number(asked) === Number(shown);
}

const DECIMAL = /^-?\d{1,400}(\.\d{1,400})?$/;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
