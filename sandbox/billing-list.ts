import { type BillingAnswer, failure, json, plain } from './billing-answers.js';
import { customerAnswer, type StoredCustomer } from './billing-customer.js';

type Column = 'name' | 'email' | 'alias' | 'created_at';

/** The sort key of a customer. `created_at` is the order of the input. */
const VALUE_OF: Record<Column, (customer: StoredCustomer, place: number) => string | number | null> = {
  name: ({ name }) => name,
  email: ({ billing_email }) => billing_email,
  alias: ({ alias }) => alias,
  created_at: (_, place) => place,
};

interface Order {
  column: Column;
  descending: boolean;
}

/** One page of a tenant's customers, filtered and ordered by the query (U18). The input is oldest first. */
export function customerList(customers: readonly StoredCustomer[], query: URLSearchParams): BillingAnswer {
  const page = wholeNumber(query.get('page') ?? '0', 0, 2 ** 32 - 1);
  const perPage = wholeNumber(query.get('per_page') ?? '10', 1, 100);
  const archived = query.get('archived') ?? '';
  if (page === undefined || perPage === undefined || !['', 'true', 'false'].includes(archived)) {
    return plain(400, 'Failed to deserialize query string: a value is not valid');
  }
  const order = orderOf(query.get('order_by') ?? 'created_at.desc');
  if (order === undefined) return failure('BAD_REQUEST', 'Invalid order_by');
  const found = ordered(customers, order)
    .filter((customer) => contains(customer, query.get('search') ?? ''))
    .filter((customer) => archived === '' || customer.archived === (archived === 'true'));
  return json(200, {
    data: found.slice(page * perPage, (page + 1) * perPage).map(customerAnswer),
    pagination_meta: {
      page,
      per_page: perPage,
      total_items: found.length,
      total_pages: Math.ceil(found.length / perPage),
    },
  });
}

function wholeNumber(digits: string, least: number, most: number): number | undefined {
  const value = /^\d{1,10}$/.test(digits) ? Number(digits) : NaN;
  return value >= least && value <= most ? value : undefined;
}

function orderOf(text: string): Order | undefined {
  const [, name, direction] = /^(\w+)\.(asc|desc)$/.exec(text) ?? [];
  const column = COLUMNS.find((known) => known === name);
  return column === undefined ? undefined : { column, descending: direction === 'desc' };
}

const COLUMNS: readonly Column[] = ['name', 'email', 'alias', 'created_at'];

/** Ignores case; searches the name and the alias. */
function contains({ name, alias }: StoredCustomer, search: string): boolean {
  return [name, alias ?? ''].some((text) => text.toLowerCase().includes(search.toLowerCase()));
}

/** An unset field is larger than any value, as in the billing API's database. */
function ordered(
  customers: readonly StoredCustomer[],
  { column, descending }: Order,
): readonly StoredCustomer[] {
  const rows = customers.map((customer, place) => ({ customer, value: VALUE_OF[column](customer, place) }));
  rows.sort((one, other) => compare(one.value, other.value) * (descending ? -1 : 1));
  return rows.map(({ customer }) => customer);
}

function compare(one: string | number | null, other: string | number | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  return one < other ? -1 : 1;
}
