import { ApiProperty } from '@nestjs/swagger';
import { CUSTOMER_ID } from '../audit/customer-id.js';
import { passedOn } from './passed-on.js';

/**
 * The customer as the billing API answers it. Optional fields without a value are null. Undocumented fields of the
 * answer, also in nested objects, are passed on unchanged (U12).
 */
export class Customer {
  /** The parsed answer, with its undocumented fields. */
  readonly #answered: object;

  constructor(answered: object) {
    this.#answered = answered;
  }

  /** The customer with its undocumented fields. Only documented fields are compared, tagged and recorded. */
  toJSON(): object {
    return passedOn(this.#answered, this);
  }

  /**
   * `cus_` and 1 to 22 of `[0-9A-Za-z]`.
   * @example 'cus_7n42DGM5Tflk9n8mt7Fhc7'
   */
  @ApiProperty({ pattern: CUSTOMER_ID.source })
  id: string;

  /** @example 'Acme GmbH' */
  name: string;

  /** @example 'acme' */
  alias?: string | null;

  /** @example 'billing@acme.test' */
  billing_email?: string | null;

  /** @example ['invoices@acme.test'] */
  invoicing_emails: string[];

  /** @example '+49 30 123456' */
  phone?: string | null;

  /**
   * ISO 4217 code.
   * @example 'EUR'
   */
  currency: string;

  /** @example 'ive_7n42DGM5Tflk9n8mt7Fhc7' */
  invoicing_entity_id: string;

  /** @example 'DE123456789' */
  vat_number?: string | null;

  custom_taxes: CustomerTax[];

  billing_address?: CustomerAddress | null;

  shipping_address?: CustomerShippingAddress | null;
}

/** A custom tax of the customer. The billing API answers `rate` as a number (U11). */
export class CustomerTax {
  /** @example 'City tax' */
  name: string;

  /** @example 'CITY' */
  tax_code: string;

  /**
   * Decimal as text.
   * @example '20.5'
   */
  rate: string;
}

/** A postal address; fields that are not set are absent. */
export class CustomerAddress {
  /** @example 'Main Street 1' */
  line1?: string | null;

  /** @example '2nd floor' */
  line2?: string | null;

  /** @example 'Berlin' */
  city?: string | null;

  /** @example 'BE' */
  state?: string | null;

  /** @example '10115' */
  zip_code?: string | null;

  /**
   * ISO 3166-1 alpha-2 code.
   * @example 'DE'
   */
  country?: string | null;
}

/** The shipping address: the billing address or a separate one. */
export class CustomerShippingAddress {
  /** @example false */
  same_as_billing: boolean;

  address?: CustomerAddress | null;
}
