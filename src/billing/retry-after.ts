/** A day. A longer `Retry-After` is reduced to it. */
const LONGEST_S = 86_400;
const IMF_FIXDATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * `Retry-After` (RFC 9110, section 10.2.3) in whole seconds from `now` (milliseconds since the epoch), at
 * most a day; undefined for anything but delay-seconds or an IMF-fixdate.
 */
export function retryAfterSeconds(header: unknown, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const value = header.trim();
  if (/^\d+$/.test(value)) return Math.min(Number(value), LONGEST_S);
  const date = IMF_FIXDATE.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(date)) return undefined;
  return Math.min(Math.max(Math.ceil((date - now) / 1000), 0), LONGEST_S);
}
