import { ApiSchema } from '@nestjs/swagger';
import { MayBeAbsent, NestedObject } from '../../http/rules.js';
import { AddressLine, Country, JsonBoolean } from './field-decorators.js';

/** A postal address. It replaces the stored one as a whole: a field that is left out becomes empty (U5). */
@ApiSchema({ name: 'Address' })
export class AddressDto {
  /** @example 'Main Street 1' */
  @MayBeAbsent()
  @AddressLine()
  line1?: string;

  /** @example '2nd floor' */
  @MayBeAbsent()
  @AddressLine()
  line2?: string;

  /** @example 'Berlin' */
  @MayBeAbsent()
  @AddressLine()
  city?: string;

  /** @example 'BE' */
  @MayBeAbsent()
  @AddressLine()
  state?: string;

  /** @example '10115' */
  @MayBeAbsent()
  @AddressLine()
  zip_code?: string;

  /**
   * ISO 3166-1 alpha-2 code, upper case.
   * @example 'DE'
   */
  @MayBeAbsent()
  @Country()
  country?: string;
}

/** The shipping address. It replaces the stored one as a whole (U5). */
@ApiSchema({ name: 'ShippingAddress' })
export class ShippingAddressDto {
  /**
   * Whether the shipping address is the billing address.
   * @example false
   */
  @JsonBoolean()
  same_as_billing: boolean;

  /** The separate address. A field that is left out becomes empty. */
  @MayBeAbsent()
  @NestedObject(() => AddressDto)
  address?: AddressDto;
}
