import { COUNTRIES, CURRENCIES } from './billing-codes.js';
import { canonicalId } from './billing-id.js';
import { flag, listOf, members, nullable, oneOf, optional, type Read, ShapeFault, text } from './shape.js';

/** Every line is optional; one that is absent is left out of answers, not `null` (U5, U12). */
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

/** `rate` is kept as the decimal text it was sent as, and answered as a JSON number (U11). */
export interface CustomTax {
  name: string;
  tax_code: string;
  rate: string;
}

/** A customer as the billing API keeps it: more than it answers. */
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
  /** Never answered (U2). */
  is_tax_exempt: boolean;
  /** Never answered; a PATCH that contains `vat_number` throws the result away (U3). */
  vat_validation: 'none' | 'pending' | 'valid';
  /** An archived customer is found like a live one (U17). */
  archived: boolean;
  customer_type: 'BUSINESS' | 'INDIVIDUAL';
}

/** The contract's twelve fields. One that is absent, or `null`, changes nothing (U1). */
export interface CustomerPatch {
  alias?: string | undefined;
  billing_address?: Address | undefined;
  billing_email?: string | undefined;
  currency?: string | undefined;
  custom_taxes?: CustomTax[] | undefined;
  invoicing_emails?: string[] | undefined;
  invoicing_entity_id?: string | undefined;
  is_tax_exempt?: boolean | undefined;
  name?: string | undefined;
  phone?: string | undefined;
  shipping_address?: ShippingAddress | undefined;
  vat_number?: string | undefined;
}

type Required = Pick<StoredCustomer, 'id' | 'name' | 'currency' | 'invoicing_entity_id'>;

/** A customer with everything optional unset, except what is given. */
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

/** The customer after a patch: lists and addresses are replaced whole (U5), `vat_number` resets its validation (U3). */
export function patched(customer: StoredCustomer, patch: CustomerPatch): StoredCustomer {
  return {
    ...customer,
    name: patch.name ?? customer.name,
    alias: patch.alias ?? customer.alias,
    billing_email: patch.billing_email ?? customer.billing_email,
    invoicing_emails: patch.invoicing_emails ?? customer.invoicing_emails,
    phone: patch.phone ?? customer.phone,
    billing_address: patch.billing_address ?? customer.billing_address,
    shipping_address: patch.shipping_address ?? customer.shipping_address,
    currency: patch.currency ?? customer.currency,
    custom_taxes: patch.custom_taxes ?? customer.custom_taxes,
    invoicing_entity_id: patch.invoicing_entity_id ?? customer.invoicing_entity_id,
    vat_number: patch.vat_number ?? customer.vat_number,
    is_tax_exempt: patch.is_tax_exempt ?? customer.is_tax_exempt,
    vat_validation: patch.vat_number === undefined ? customer.vat_validation : 'pending',
  };
}

/** The Customer of GET and PATCH answers: nulls, numeric rates, newer fields, no `is_tax_exempt` (U2, U11, U12). */
export function customerAnswer(customer: StoredCustomer): Record<string, unknown> {
  return {
    id: customer.id,
    name: customer.name,
    alias: customer.alias,
    billing_email: customer.billing_email,
    invoicing_emails: customer.invoicing_emails,
    phone: customer.phone,
    billing_address: customer.billing_address,
    shipping_address: customer.shipping_address,
    currency: customer.currency,
    custom_taxes: customer.custom_taxes.map((tax) => ({ ...tax, rate: Number(tax.rate) })),
    invoicing_entity_id: customer.invoicing_entity_id,
    vat_number: customer.vat_number,
    connected_account_id: null,
    customer_type: customer.customer_type,
  };
}

/** Reads a request body as the billing API does: unknown members are dropped in silence (U6), wrong types throw. */
export function readCustomerPatch(value: unknown): CustomerPatch {
  const body = members(value, 'body');
  return {
    alias: optional(text)(body.alias, 'alias'),
    billing_address: optional(address)(body.billing_address, 'billing_address'),
    billing_email: optional(text)(body.billing_email, 'billing_email'),
    currency: optional(currency)(body.currency, 'currency'),
    custom_taxes: optional(listOf(customTax))(body.custom_taxes, 'custom_taxes'),
    invoicing_emails: optional(listOf(text))(body.invoicing_emails, 'invoicing_emails'),
    invoicing_entity_id: optional(invoicingEntityId)(body.invoicing_entity_id, 'invoicing_entity_id'),
    is_tax_exempt: optional(flag)(body.is_tax_exempt, 'is_tax_exempt'),
    name: optional(text)(body.name, 'name'),
    phone: optional(text)(body.phone, 'phone'),
    shipping_address: optional(shippingAddress)(body.shipping_address, 'shipping_address'),
    vat_number: optional(text)(body.vat_number, 'vat_number'),
  };
}

/** Reads a customer back from the state file. */
export const storedCustomer: Read<StoredCustomer> = (value, at) => {
  const kept = members(value, at);
  return {
    id: text(kept.id, `${at}.id`),
    name: text(kept.name, `${at}.name`),
    alias: nullable(text)(kept.alias, `${at}.alias`),
    billing_email: nullable(text)(kept.billing_email, `${at}.billing_email`),
    invoicing_emails: listOf(text)(kept.invoicing_emails, `${at}.invoicing_emails`),
    phone: nullable(text)(kept.phone, `${at}.phone`),
    billing_address: nullable(address)(kept.billing_address, `${at}.billing_address`),
    shipping_address: nullable(shippingAddress)(kept.shipping_address, `${at}.shipping_address`),
    currency: currency(kept.currency, `${at}.currency`),
    custom_taxes: listOf(customTax)(kept.custom_taxes, `${at}.custom_taxes`),
    invoicing_entity_id: invoicingEntityId(kept.invoicing_entity_id, `${at}.invoicing_entity_id`),
    vat_number: nullable(text)(kept.vat_number, `${at}.vat_number`),
    is_tax_exempt: flag(kept.is_tax_exempt, `${at}.is_tax_exempt`),
    vat_validation: oneOf(['none', 'pending', 'valid'])(kept.vat_validation, `${at}.vat_validation`),
    archived: flag(kept.archived, `${at}.archived`),
    customer_type: oneOf(['BUSINESS', 'INDIVIDUAL'])(kept.customer_type, `${at}.customer_type`),
  };
};

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

/** Only its form is checked: whose entity it is, is not (U7). */
const invoicingEntityId: Read<string> = (value, at) => {
  const id = canonicalId('ive', text(value, at));
  if (id === undefined)
    throw new ShapeFault(`${at}: invalid value: ${JSON.stringify(value)}, expected an id`);
  return id;
};

function withoutAbsent(lines: Record<keyof Address, string | undefined>): Address {
  return Object.fromEntries(Object.entries(lines).filter(([, line]) => line !== undefined));
}
