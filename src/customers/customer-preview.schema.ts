import { ApiProperty } from '@nestjs/swagger';
import { type Change } from '../audit/audit-event.js';
import { ChangeSchema } from '../audit/audit-event.schema.js';
import { Customer } from '../billing/customer.dto.js';

/** An effect of a patch that the caller may not expect. */
export class PreviewWarning {
  /**
   * Stable code.
   * @example 'vat-validation-reset'
   */
  @ApiProperty({
    enum: [
      'old-alias-breaks',
      'currency-changes',
      'vat-validation-reset',
      'list-emptied',
      'address-lines-blanked',
    ],
  })
  code: string;

  /**
   * Top-level name of the field.
   * @example 'vat_number'
   */
  field: string;

  /** @example 'The stored validation of the VAT number will be reset; the number is validated again.' */
  detail: string;
}

/** What a patch would change. Nothing was sent. */
export class CustomerPreview {
  /** The requested changes, masked, with the expected effect. */
  @ApiProperty({ type: [ChangeSchema] })
  changes: readonly Change[];

  @ApiProperty({ type: [PreviewWarning] })
  warnings: readonly PreviewWarning[];

  /** The customer as it would be. */
  customer: Customer;

  /**
   * The tag of the customer as it is. The same body as a patch with it in `If-Match` does what is shown here, or
   * is 412.
   */
  etag: string;
}
