import { Expose, plainToInstance, Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  ValidateNested,
  validateSync,
} from 'class-validator';
import { Big } from 'big.js';
import { CUSTOMER_ID } from '../http/customer-id.js';

/**
 * The customer as the billing API answers it. Only documented fields are taken over (U12: newer servers add
 * some); absent optional ones come as null and are passed on so.
 */
export class Customer {
  /**
   * `cus_` and 1 to 22 of `[0-9A-Za-z]`.
   * @example 'cus_7n42DGM5Tflk9n8mt7Fhc7'
   */
  @Expose()
  @Matches(CUSTOMER_ID)
  id: string;

  /** @example 'Acme GmbH' */
  @Expose()
  @IsString()
  name: string;

  /** @example 'acme' */
  @Expose()
  @IsOptional()
  @IsString()
  alias?: string | null;

  /** @example 'billing@acme.test' */
  @Expose()
  @IsOptional()
  @IsString()
  billing_email?: string | null;

  /** @example ['invoices@acme.test'] */
  @Expose()
  @IsArray()
  @IsString({ each: true })
  invoicing_emails: string[];

  /** @example '+49 30 123456' */
  @Expose()
  @IsOptional()
  @IsString()
  phone?: string | null;

  /**
   * ISO 4217 code.
   * @example 'EUR'
   */
  @Expose()
  @IsString()
  currency: string;

  /** @example 'ive_7n42DGM5Tflk9n8mt7Fhc7' */
  @Expose()
  @IsString()
  invoicing_entity_id: string;

  /** @example 'DE123456789' */
  @Expose()
  @IsOptional()
  @IsString()
  vat_number?: string | null;

  @Expose()
  @IsArray()
  @IsObject({ each: true })
  @ValidateNested()
  @Type(() => CustomerTax)
  custom_taxes: CustomerTax[];

  @Expose()
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => CustomerAddress)
  billing_address?: CustomerAddress | null;

  @Expose()
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => CustomerShippingAddress)
  shipping_address?: CustomerShippingAddress | null;
}

/** A tax of the customer's own. */
export class CustomerTax {
  /** @example 'City tax' */
  @Expose()
  @IsString()
  name: string;

  /** @example 'CITY' */
  @Expose()
  @IsString()
  tax_code: string;

  /**
   * Decimal as text; the billing API answers a number (U11).
   * @example '20.5'
   */
  @Expose()
  @Transform(({ value }: { value: unknown }) => rateText(value))
  @IsString()
  rate: string;
}

/** A postal address; fields that are not set are absent. */
export class CustomerAddress {
  /** @example 'Main Street 1' */
  @Expose()
  @IsOptional()
  @IsString()
  line1?: string | null;

  /** @example '2nd floor' */
  @Expose()
  @IsOptional()
  @IsString()
  line2?: string | null;

  /** @example 'Berlin' */
  @Expose()
  @IsOptional()
  @IsString()
  city?: string | null;

  /** @example 'BE' */
  @Expose()
  @IsOptional()
  @IsString()
  state?: string | null;

  /** @example '10115' */
  @Expose()
  @IsOptional()
  @IsString()
  zip_code?: string | null;

  /**
   * ISO 3166-1 alpha-2 code.
   * @example 'DE'
   */
  @Expose()
  @IsOptional()
  @IsString()
  country?: string | null;
}

/** Where goods go: to the billing address or to one of its own. */
export class CustomerShippingAddress {
  /** @example false */
  @Expose()
  @IsBoolean()
  same_as_billing: boolean;

  @Expose()
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => CustomerAddress)
  address?: CustomerAddress | null;
}

/** Top-level fields of an answer that the contract does not have (U12): drift of the contract shows here first. */
export function undocumentedFields(answer: unknown, customer: Customer): string[] {
  if (typeof answer !== 'object' || answer === null) return [];
  return Object.keys(answer).filter((field) => !(field in customer));
}

/** Reads a customer out of a parsed answer; undefined when it has not the contract's shape. */
export function readCustomer(answer: unknown): Customer | undefined {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return undefined;
  try {
    const customer = plainToInstance(Customer, answer, { excludeExtraneousValues: true });
    return validateSync(customer, { forbidUnknownValues: true }).length === 0 ? customer : undefined;
  } catch {
    // class-transformer trips over what no billing API means: `constructor` keys, thousands of levels.
    return undefined;
  }
}

/** `20.5` → `"20.5"`, `1e-8` → `"0.00000001"`; text stays as it came (U11). */
function rateText(rate: unknown): unknown {
  return typeof rate === 'number' && Number.isFinite(rate) ? new Big(rate).toFixed() : rate;
}
