const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MAX_128_BIT = (1n << 128n) - 1n;

/**
 * Reads `<prefix>_` and the base62 of a 128-bit number (U13), and gives the id in its one canonical spelling
 * (leading zeros mean nothing). Anything else is `undefined`: in a path it is then an alias (U8), even when it
 * begins with the prefix, as `cus_` and 22 letters `z` do, which are too large a number.
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
