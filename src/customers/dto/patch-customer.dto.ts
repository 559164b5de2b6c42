import { ApiSchema } from '@nestjs/swagger';
import { MayBeAbsent, NestedList, NestedObject, shapesOf } from '../../http/rules.js';
import { AddressDto, ShippingAddressDto } from './address.dto.js';
import {
  Alias,
  Currency,
  Email,
  EmailList,
  InvoicingEntityId,
  JsonBoolean,
  Name,
  Phone,
  Rate,
  VatNumber,
} from './field-decorators.js';

/** A custom tax of the customer. */
@ApiSchema({ name: 'CustomTax' })
export class CustomTaxDto {
  /** @example 'City tax' */
  @Name()
  name: string;

  /** @example 'CITY' */
  @Name()
  tax_code: string;

  /**
   * Per cent from 0 to 100 as decimal text, without sign or exponent, with up to 28 digits.
   * @example '20.5'
   */
  @Rate()
  rate: string;
}

/**
 * A partial update with at least one field. A field that is left out keeps its value. No field can be cleared, so
 * null is refused (U1). Addresses, taxes and the list of e-mail addresses are replaced as a whole (U5). Single fields
 * have their own rules: `is_tax_exempt` U2, `vat_number` U3, `invoicing_entity_id` U7, `currency` U17.
 */
@ApiSchema({ name: 'PatchCustomer' })
export class PatchCustomerDto {
  /** @example 'Acme GmbH' */
  @MayBeAbsent()
  @Name()
  name?: string;

  /**
   * Your own name for the customer. The URL can have it instead of the id. After a change the old alias is unknown.
   * @example 'acme'
   */
  @MayBeAbsent()
  @Alias()
  alias?: string;

  /** @example 'billing@acme.test' */
  @MayBeAbsent()
  @Email()
  billing_email?: string;

  /**
   * E-mail addresses that receive invoices. Replaces the stored list; an empty list removes all.
   * @example ['invoices@acme.test']
   */
  @MayBeAbsent()
  @EmailList(100)
  invoicing_emails?: string[];

  /** @example '+49 30 123456' */
  @MayBeAbsent()
  @Phone()
  phone?: string;

  /**
   * ISO 4217 code. The billing API accepts only the tenant's own currencies.
   * @example 'EUR'
   */
  @MayBeAbsent()
  @Currency()
  currency?: string;

  /**
   * The entity that invoices the customer; one of the tenant's own.
   * @example 'ive_7n42DGM5Tflk9n8mt7Fhc7'
   */
  @MayBeAbsent()
  @InvoicingEntityId()
  invoicing_entity_id?: string;

  /**
   * Can be written, but is never in an answer.
   * @example false
   */
  @MayBeAbsent()
  @JsonBoolean()
  is_tax_exempt?: boolean;

  /**
   * When it is sent, even with the same value, the billing API validates it again.
   * @example 'DE123456789'
   */
  @MayBeAbsent()
  @VatNumber()
  vat_number?: string;

  /** Replaces the stored list; an empty list removes all. */
  @MayBeAbsent()
  @NestedList(() => CustomTaxDto, 50)
  custom_taxes?: CustomTaxDto[];

  /** Replaces the stored address as a whole: a field that is left out becomes empty. */
  @MayBeAbsent()
  @NestedObject(() => AddressDto)
  billing_address?: AddressDto;

  /** Replaces the stored address as a whole. */
  @MayBeAbsent()
  @NestedObject(() => ShippingAddressDto)
  shipping_address?: ShippingAddressDto;
}

export type PatchField = keyof PatchCustomerDto;

/** The fields of the contract, in the order of the DTO. Any other field in a body is refused. */
export const PATCH_FIELDS: readonly PatchField[] = [...shapesOf(PatchCustomerDto).keys()].filter(
  isPatchField,
);

function isPatchField(name: string): name is PatchField {
  return shapesOf(PatchCustomerDto).has(name);
}
