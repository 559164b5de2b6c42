import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ListOf, MayBeAbsent, Satisfies } from '../http/rules.js';
import { text, textThat, VISIBLE_TEXT, visibleText } from '../http/text-rules.js';
import { INVOICING_ENTITY_ID } from '../tenants/tenant.js';

const entityId = textThat(
  (value) => INVOICING_ENTITY_ID.test(value),
  'not-invoicing-entity-id',
  'must be ive_ and 1 to 22 letters and digits',
);

export const EntityIds = (): PropertyDecorator =>
  applyDecorators(
    ListOf(100, entityId),
    ApiProperty({
      type: 'array',
      items: { type: 'string', pattern: INVOICING_ENTITY_ID.source },
      maxItems: 100,
    }),
  );

export const Status = (): PropertyDecorator =>
  applyDecorators(
    Satisfies(
      textThat(
        (value) => ['active', 'suspended'].includes(value),
        'not-allowed',
        'must be active or suspended',
      ),
    ),
    ApiProperty({ enum: ['active', 'suspended'] }),
  );

/** A whole tenant. A field that is left out is set to its default. */
@ApiSchema({ name: 'PutTenant' })
export class PutTenantDto {
  /** @example 'Acme GmbH' */
  @Satisfies(visibleText(255))
  @ApiProperty({ minLength: 1, maxLength: 255, pattern: VISIBLE_TEXT })
  name: string;

  /** A suspended tenant's requests are refused. Left out: active. */
  @MayBeAbsent()
  @Status()
  status?: 'active' | 'suspended';

  /**
   * The tenant's own billing API, at an origin of BILLING_API_ALLOWED_ORIGINS, without user name, query or
   * fragment. Another origin retires the tenant's tokens: see `retire_tokens`.
   */
  @MayBeAbsent()
  @Satisfies(text(1, 2_048))
  @ApiProperty({ maxLength: 2_048, format: 'uri' })
  billing_api_url?: string;

  /**
   * The only invoicing entities that patches may use. Left out: any.
   * @example ['ive_7n42DGM5Tflk9n8mt7Fhc7']
   */
  @MayBeAbsent()
  @EntityIds()
  invoicing_entities?: string[];
}
