import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { MayBeAbsent, MayBeCleared, Satisfies } from '../http/rules.js';
import { text, VISIBLE_TEXT, visibleText } from '../http/text-rules.js';
import { EntityIds, Status } from './put-tenant.dto.js';

/** Changes of a tenant. A field that is left out keeps its value. */
@ApiSchema({ name: 'PatchTenant' })
export class PatchTenantDto {
  /** @example 'Acme GmbH' */
  @MayBeAbsent()
  @Satisfies(visibleText(255))
  @ApiProperty({ minLength: 1, maxLength: 255, pattern: VISIBLE_TEXT })
  name?: string;

  /** A suspended tenant's requests are refused; its trail can still be read, and personal data erased. */
  @MayBeAbsent()
  @Status()
  status?: 'active' | 'suspended';

  /**
   * The tenant's own billing API, at an origin of BILLING_API_ALLOWED_ORIGINS, without user name, query or
   * fragment; null: the default of the service.
   */
  @MayBeCleared()
  @Satisfies(text(1, 2_048))
  @ApiProperty({ type: String, maxLength: 2_048, format: 'uri' })
  billing_api_url?: string | null;

  /**
   * The only invoicing entities that patches may use; null: any.
   * @example ['ive_7n42DGM5Tflk9n8mt7Fhc7']
   */
  @MayBeCleared()
  @EntityIds()
  invoicing_entities?: string[] | null;
}
