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

/** A tax of the customer's own. */
@ApiSchema({ name: 'CustomTax' })
export class CustomTaxDto {
  /** @example 'City tax' */
  @Name()
  name: string;

  /** @example 'CITY' */
  @Name()
  tax_code: string;

  /**
   * Per cent from 0 to 100 as decimal text, without sign or exponent, up to 28 digits.
   * @example '20.5'
   */
  @Rate()
  rate: string;
}

/**
 * A partial update: a field that is left out keeps its value. No field can be cleared, so null is refused
 * (U1). Addresses, taxes and the list of e-mail addresses are replaced as a whole (U5). At least one field.
 */
@ApiSchema({ name: 'PatchCustomer' })
export class PatchCustomerDto {
  /** @example 'Acme GmbH' */
  @MayBeAbsent()
  @Name()
  name?: string;

  /**
   * Your own name for the customer, usable in the URL instead of the id. After it changes the old one is unknown.
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
   * Who gets invoices. Replaces the stored list; an empty one empties it.
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
   * ISO 4217 code; the billing API takes only the tenant's own currencies (U17).
   * @example 'EUR'
   */
  @MayBeAbsent()
  @Currency()
  currency?: string;

  /**
   * Who invoices the customer; one of the tenant's own (U7).
   * @example 'ive_7n42DGM5Tflk9n8mt7Fhc7'
   */
  @MayBeAbsent()
  @InvoicingEntityId()
  invoicing_entity_id?: string;

  /**
   * Can be written but is never answered (U2).
   * @example false
   */
  @MayBeAbsent()
  @JsonBoolean()
  is_tax_exempt?: boolean;

  /**
   * Sending it, even unchanged, makes the billing API validate it anew (U3).
   * @example 'DE123456789'
   */
  @MayBeAbsent()
  @VatNumber()
  vat_number?: string;

  /** Replaces the stored list; an empty one empties it. */
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

/** The fields of the contract, in the order of the DTO; anything else in a body is refused. */
export const PATCH_FIELDS: readonly PatchField[] = [...shapesOf(PatchCustomerDto).keys()].filter(
  isPatchField,
);

function isPatchField(name: string): name is PatchField {
  return shapesOf(PatchCustomerDto).has(name);
}
