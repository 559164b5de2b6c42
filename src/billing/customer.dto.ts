import { ApiProperty } from '@nestjs/swagger';
import { CUSTOMER_ID } from '../audit/customer-id.js';
import { passedOn } from './passed-on.js';

/**
 * The customer as the billing API answers it. Absent optional fields come as null and are passed on so; members that
 * the billing API answers beyond these, here and in the objects within, are passed on untouched (U12).
 */
export class Customer {
  /** The answer that it was read from, with all that the contract does not have. */
  readonly #answered: object;

  constructor(answered: object) {
    this.#answered = answered;
  }

  /** As it is passed on. What is compared, tagged and recorded are the documented members alone. */
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

/** A tax of the customer's own. */
export class CustomerTax {
  /** @example 'City tax' */
  name: string;

  /** @example 'CITY' */
  tax_code: string;

  /**
   * Decimal as text; the billing API answers a number (U11).
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

/** Where goods go: to the billing address or to one of its own. */
export class CustomerShippingAddress {
  /** @example false */
  same_as_billing: boolean;

  address?: CustomerAddress | null;
}
