import { COUNTRIES, CURRENCIES } from './billing-codes.js';
import { canonicalId } from './billing-id.js';
import { flag, listOf, members, oneOf, optional, type Read, ShapeFault, text } from './shape.js';

/** Every line is optional. An absent line is left out of answers, not `null` (U5, U12). */
export interface Address {
  line1?: string;
  line2?: string;
  city?: string;
  state?: string;
  zip_code?: string;
  country?: string;
}

export interface ShippingAddress {
  same_as_billing: boolean;
  address?: Address;
}

/** `rate` is stored as the decimal text that was sent, and answered as a JSON number (U11). */
export interface CustomTax {
  name: string;
  tax_code: string;
  rate: string;
}

/** A customer as the billing API stores it, with more fields than it answers. */
export interface StoredCustomer {
  id: string;
  name: string;
  alias: string | null;
  billing_email: string | null;
  invoicing_emails: string[];
  phone: string | null;
  billing_address: Address | null;
  shipping_address: ShippingAddress | null;
  currency: string;
  custom_taxes: CustomTax[];
  invoicing_entity_id: string;
  vat_number: string | null;
  /** Never in an answer (U2). */
  is_tax_exempt: boolean;
  /** Never in an answer. A PATCH that contains `vat_number` discards the result (U3). */
  vat_validation: 'none' | 'pending' | 'valid';
  /** An archived customer is found like any other (U17). */
  archived: boolean;
  customer_type: 'BUSINESS' | 'INDIVIDUAL';
}

/** The contract's fields. A field that is absent or `null` changes nothing (U1). */
export type CustomerPatch = Partial<ReturnType<typeof fieldsOf>>;

type Required = Pick<StoredCustomer, 'id' | 'name' | 'currency' | 'invoicing_entity_id'>;

/** A customer with only the given optional fields. */
export function newCustomer(given: Required & Partial<StoredCustomer>): StoredCustomer {
  return {
    alias: null,
    billing_email: null,
    invoicing_emails: [],
    phone: null,
    billing_address: null,
    shipping_address: null,
    custom_taxes: [],
    vat_number: null,
    is_tax_exempt: false,
    vat_validation: (given.vat_number ?? null) === null ? 'none' : 'valid',
    archived: false,
    customer_type: 'BUSINESS',
    ...given,
  };
}

/**
 * The customer after a patch: lists and addresses are replaced as a whole (U5), `vat_number` resets its validation
 * (U3).
 */
export function patched(customer: StoredCustomer, patch: CustomerPatch): StoredCustomer {
  const vat_validation = patch.vat_number === undefined ? customer.vat_validation : 'pending';
  return { ...customer, ...withoutAbsent(patch), vat_validation };
}

/** The Customer of GET and PATCH answers: nulls, numeric rates, newer fields, no `is_tax_exempt` (U2, U11, U12). */
export function customerAnswer(customer: StoredCustomer): Record<string, unknown> {
  const { is_tax_exempt, vat_validation, archived, ...answered } = customer;
  const custom_taxes = customer.custom_taxes.map((tax) => ({ ...tax, rate: Number(tax.rate) }));
  return {
    ...answered,
    custom_taxes,
    connected_account_id: null,
    preferred_locales: [],
    custom_properties: {},
  };
}

/** Reads a request body like the billing API: unknown fields are ignored without an error (U6), wrong types throw. */
export function readCustomerPatch(value: unknown): CustomerPatch {
  return fieldsOf(members(value, 'body'), '');
}

/** Reads a customer from the state file. */
export const storedCustomer: Read<StoredCustomer> = (value, at) => {
  const kept = members(value, at);
  return newCustomer({
    ...withoutAbsent(fieldsOf(kept, `${at}.`)),
    id: text(kept.id, `${at}.id`),
    name: text(kept.name, `${at}.name`),
    currency: currency(kept.currency, `${at}.currency`),
    invoicing_entity_id: invoicingEntityId(kept.invoicing_entity_id, `${at}.invoicing_entity_id`),
    vat_validation: oneOf(['none', 'pending', 'valid'])(kept.vat_validation, `${at}.vat_validation`),
    archived: flag(kept.archived, `${at}.archived`),
    customer_type: oneOf(['BUSINESS', 'INDIVIDUAL'])(kept.customer_type, `${at}.customer_type`),
  });
};

/**
 * One line for each field that a patch can change.
 * @param at prefix for the name of a field in a fault
 */
const fieldsOf = (given: Record<string, unknown>, at: string) => ({
  alias: optional(text)(given.alias, `${at}alias`),
  billing_address: optional(address)(given.billing_address, `${at}billing_address`),
  billing_email: optional(text)(given.billing_email, `${at}billing_email`),
  currency: optional(currency)(given.currency, `${at}currency`),
  custom_taxes: optional(listOf(customTax))(given.custom_taxes, `${at}custom_taxes`),
  invoicing_emails: optional(listOf(text))(given.invoicing_emails, `${at}invoicing_emails`),
  invoicing_entity_id: optional(invoicingEntityId)(given.invoicing_entity_id, `${at}invoicing_entity_id`),
  is_tax_exempt: optional(flag)(given.is_tax_exempt, `${at}is_tax_exempt`),
  name: optional(text)(given.name, `${at}name`),
  phone: optional(text)(given.phone, `${at}phone`),
  shipping_address: optional(shippingAddress)(given.shipping_address, `${at}shipping_address`),
  vat_number: optional(text)(given.vat_number, `${at}vat_number`),
});

const currency = oneOf(CURRENCIES);
const country = oneOf(COUNTRIES);

const address: Read<Address> = (value, at) => {
  const given = members(value, at);
  return withoutAbsent({
    line1: optional(text)(given.line1, `${at}.line1`),
    line2: optional(text)(given.line2, `${at}.line2`),
    city: optional(text)(given.city, `${at}.city`),
    state: optional(text)(given.state, `${at}.state`),
    zip_code: optional(text)(given.zip_code, `${at}.zip_code`),
    country: optional(country)(given.country, `${at}.country`),
  });
};

const shippingAddress: Read<ShippingAddress> = (value, at) => {
  const given = members(value, at);
  const same_as_billing = flag(given.same_as_billing, `${at}.same_as_billing`);
  const own = optional(address)(given.address, `${at}.address`);
  return own === undefined ? { same_as_billing } : { same_as_billing, address: own };
};

const customTax: Read<CustomTax> = (value, at) => {
  const given = members(value, at);
  return {
    name: text(given.name, `${at}.name`),
    tax_code: text(given.tax_code, `${at}.tax_code`),
    rate: decimal(given.rate, `${at}.rate`),
  };
};

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A decimal, sent as a string or as a JSON number (U11). */
const decimal: Read<string> = (value, at) => {
  const digits = typeof value === 'number' ? String(value) : text(value, at);
  if (!DECIMAL.test(digits))
    throw new ShapeFault(`${at}: invalid value: ${JSON.stringify(value)}, expected a decimal`);
  return digits;
};

/** Only the form is checked, not the owner of the entity (U7). */
const invoicingEntityId: Read<string> = (value, at) => {
  const id = canonicalId('ive', text(value, at));
  if (id === undefined)
    throw new ShapeFault(`${at}: invalid value: ${JSON.stringify(value)}, expected an id`);
  return id;
};

function withoutAbsent<Value>(given: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
