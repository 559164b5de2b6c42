import { Big } from 'big.js';
import { CUSTOMER_ID } from '../audit/customer-id.js';
import { ExactNumber } from '../http/exact-json.js';
import type { Parsed } from './billing-answer.js';
import { CustomerList } from './customer-list.dto.js';
import { Customer } from './customer.dto.js';

/**
 * Limit for the items of a list and the fields of a documented object: far more than a customer has, and low enough
 * to read an answer cheaply. With more, the answer counts as unreadable.
 */
const MAX_ENTRIES = 1_000;
/** A larger number can't be a rate, and in decimal notation it would have hundreds of digits. */
const MAX_RATE = 1e100;

/** Reads a customer from a parsed answer; undefined if it does not match the contract. */
export function readCustomer(body: unknown): Customer | undefined {
  return unlessMisshapen(() => customer(body));
}

/** Reads the answer to a request for one customer. An answer about another customer is not usable. */
export function parseCustomer(customerRef: string): (body: unknown) => Parsed<Customer> | undefined {
  return (body) => {
    const value = readCustomer(body);
    if (value === undefined || !isAbout(value, customerRef)) return undefined;
    return { value, undocumented: undocumentedFields(body, value) };
  };
}

/** Reads the answer to a request for a list. If one item is not a customer, the whole answer is unreadable (U18). */
export function parseCustomerList(body: unknown): Parsed<CustomerList> | undefined {
  const value = unlessMisshapen(() => customerList(body));
  if (value === undefined) return undefined;
  const items = isObject(body) && Array.isArray(body['data']) ? body['data'] : [];
  const ofItems = value.data.flatMap((item, index) => undocumentedFields(items[index], item));
  return { value, undocumented: [...new Set([...undocumentedFields(body, value), ...ofItems])] };
}

/** An alias can't be compared, and a caller may have padded an id (U13). */
function isAbout({ id }: Customer, customerRef: string): boolean {
  const number = (text: string): string => text.replace(/^cus_0*/, '');
  return !CUSTOMER_ID.test(customerRef) || number(id) === number(customerRef);
}

/** Fields that newer servers are known to add (U12). They are passed on like any other, but tell nothing new. */
const KNOWN_EXTRAS = new Set([
  ...['connected_account_id', 'customer_type', 'preferred_locales', 'custom_properties'],
]);

/** Unknown top-level fields of an answer (U12). They show that the contract has changed. */
function undocumentedFields(answer: unknown, read: Customer | CustomerList): string[] {
  if (!isObject(answer)) return [];
  return Object.keys(answer).filter((field) => !Object.hasOwn(read, field) && !KNOWN_EXTRAS.has(field));
}

function unlessMisshapen<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotOfThatShape) return undefined;
    throw error;
  }
}

class NotOfThatShape extends Error {
  override readonly name = 'NotOfThatShape';
}

/**
 * Reads a value of the right shape.
 * @throws NotOfThatShape
 */
type Reader = (value: unknown) => unknown;

const text: Reader = (value) => (typeof value === 'string' ? value : refuse());
const boolean: Reader = (value) => (typeof value === 'boolean' ? value : refuse());
const count: Reader = (value) => {
  const number = floatOf(value);
  return Number.isSafeInteger(number) && Number(number) >= 0 ? number : refuse();
};
const customerId: Reader = (value) =>
  typeof value === 'string' && CUSTOMER_ID.test(value) ? value : refuse();

/** `20.5` → `"20.5"`, `1e-8` → `"0.00000001"`; text stays unchanged (U11). */
const rate: Reader = (value) => {
  const number = floatOf(value);
  return typeof number === 'number' && Math.abs(number) <= MAX_RATE ? new Big(number).toFixed() : text(value);
};

/** The billing API's documented numbers are 64-bit floats (U11), however they are written. */
function floatOf(value: unknown): unknown {
  return value instanceof ExactNumber ? Number(value) : value;
}

/** May be null or absent (U12). */
const optional =
  (read: Reader): Reader =>
  (value) =>
    value === null || value === undefined ? value : read(value);

const list =
  (item: Reader): Reader =>
  (value) =>
    Array.isArray(value) && value.length <= MAX_ENTRIES ? value.map((entry) => item(entry)) : refuse();

/** An object with these fields. `Customer.toJSON` adds the others. */
const object = (members: Readonly<Record<string, Reader>>): ((value: unknown) => object) => {
  const readers = Object.entries(members);
  return (value) => {
    if (!isObject(value) || Object.keys(value).length > MAX_ENTRIES) return refuse();
    const read: Record<string, unknown> = {};
    for (const [name, reader] of readers) {
      const member = reader(Object.hasOwn(value, name) ? value[name] : undefined);
      if (member !== undefined) read[name] = member;
    }
    return read;
  };
};

const ADDRESS = object({
  line1: optional(text),
  line2: optional(text),
  city: optional(text),
  state: optional(text),
  zip_code: optional(text),
  country: optional(text),
});

const CUSTOMER = object({
  id: customerId,
  name: text,
  alias: optional(text),
  billing_email: optional(text),
  invoicing_emails: list(text),
  phone: optional(text),
  currency: text,
  invoicing_entity_id: text,
  vat_number: optional(text),
  custom_taxes: list(object({ name: text, tax_code: text, rate })),
  billing_address: optional(ADDRESS),
  shipping_address: optional(object({ same_as_billing: boolean, address: optional(ADDRESS) })),
} satisfies Record<Exclude<keyof Customer, 'toJSON'>, Reader>);

/** @throws NotOfThatShape */
function customer(value: unknown): Customer {
  return isObject(value) ? Object.assign(new Customer(value), CUSTOMER(value)) : refuse();
}

const CUSTOMER_LIST = object({
  data: list(customer),
  pagination_meta: object({ page: count, per_page: count, total_items: count, total_pages: count }),
});

/** @throws NotOfThatShape */
function customerList(value: unknown): CustomerList {
  return isObject(value) ? Object.assign(new CustomerList(value), CUSTOMER_LIST(value)) : refuse();
}

function refuse(): never {
  throw new NotOfThatShape("the answer does not have the contract's shape");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  );
}
