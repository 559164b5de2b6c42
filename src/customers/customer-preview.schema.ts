import { ApiProperty } from '@nestjs/swagger';
import { type Change } from '../audit/audit-event.js';
import { ChangeSchema } from '../audit/audit-event.schema.js';
import { Customer } from '../billing/customer.dto.js';

/** Something about a patch to think twice about. */
export class PreviewWarning {
  /**
   * Stable.
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
   * Top-level name.
   * @example 'vat_number'
   */
  field: string;

  /** @example 'The stored validation of the VAT number will be reset; it is validated anew.' */
  detail: string;
}

/** What a patch would do; nothing was sent. */
export class CustomerPreview {
  @ApiProperty({ enum: [true] })
  dry_run: true;

  /** The customer as it would be. */
  customer: Customer;

  /** What is asked for, masked, with the effect to be expected. */
  @ApiProperty({ type: [ChangeSchema] })
  changes: readonly Change[];

  @ApiProperty({ type: [PreviewWarning] })
  warnings: readonly PreviewWarning[];
}
