const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MAX_128_BIT = (1n << 128n) - 1n;

/**
 * Reads `<prefix>_` and the base62 of a 128-bit number (U13), and returns the id in its canonical form (without
 * leading zeros). For any other text it returns `undefined`; in a path such a text is an alias (U8), even if it
 * begins with the prefix, for example `cus_` and 22 letters `z`, which is too large a number.
 */
export function canonicalId(prefix: 'cus' | 'ive', ref: string): string | undefined {
  if (!ref.startsWith(`${prefix}_`)) return undefined;
  const digits = ref.slice(prefix.length + 1);
  if (digits === '') return undefined;
  let value = 0n;
  for (const digit of digits) {
    const worth = DIGITS.indexOf(digit);
    if (worth === -1) return undefined;
    value = value * 62n + BigInt(worth);
    if (value > MAX_128_BIT) return undefined;
  }
  return `${prefix}_${base62(value)}`;
}

function base62(value: bigint): string {
  let digits = '';
  let rest = value;
  do {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  } while (rest > 0n);
  return digits;
}
