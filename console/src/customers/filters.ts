// What the person looks for in a timeline.

/** What the person looks for; empty: all. */
export interface Filters {
  readonly actor: string;
  /** Only of one customer. */
  readonly field: string;
  readonly effect: string;
  /** `2026-05`. */
  readonly month: string;
  /** `yes`: reads and previews too. */
  readonly all: string;
}

export const NO_FILTERS: Filters = { actor: '', field: '', effect: '', month: '', all: '' };
export const FILTER_NAMES = Object.keys(NO_FILTERS) as (keyof Filters)[];
const MONTHS = 36;

/** `#/customer/cus_1?field=phone&month=2026-05` */
export function filtersIn(hash: string): Filters {
  const query = new URLSearchParams(hash.split('?')[1] ?? '');
  return FILTER_NAMES.reduce((filters, name) => ({ ...filters, [name]: query.get(name) ?? '' }), NO_FILTERS);
}

/** Those that are set. */
export function given(filters: Filters): Partial<Filters> {
  return Object.fromEntries(
    FILTER_NAMES.filter((name) => filters[name] !== '').map((name) => [name, filters[name]]),
  );
}

/** The filters as the route takes them. */
export function queryOf({ actor, field, effect, month, all }: Filters): Record<string, string> {
  return {
    ...(actor === '' ? {} : { actor }),
    ...(field === '' ? {} : { field }),
    ...(effect === '' ? {} : { effect }),
    ...(/^\d{4}-\d{2}$/.test(month) ? { from: `${month}-01`, to: lastDayOf(month) } : {}),
    ...(all === '' ? { action: 'customer.patch' } : {}),
  };
}

function lastDayOf(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

/** The last three years, the newest first: `2026-05`. */
export function monthsUntil(now: Date): string[] {
  return Array.from({ length: MONTHS }, (_, ago) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago)).toISOString().slice(0, 7),
  );
}

/** `May 2026`. */
export function monthName(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleString(undefined, {
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
}
