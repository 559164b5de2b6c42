import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ListOf, MayBeAbsent, MayBeCleared, Satisfies } from '../http/rules.js';
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

/** A whole tenant, such as `GET` answered it. A field that is left out is set to its default. */
@ApiSchema({ name: 'PutTenant' })
export class PutTenantDto {
  /**
   * May be left out; otherwise the id in the path.
   * @example 'acme'
   */
  @MayBeAbsent()
  @Satisfies(text(1, 64))
  @ApiProperty({ minLength: 1, maxLength: 64 })
  id?: string;

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
   * fragment. Left out or null: the default of the service. Another origin retires the tenant's tokens: see
   * `retire_tokens`.
   */
  @MayBeCleared()
  @Satisfies(text(1, 2_048))
  @ApiProperty({ type: String, maxLength: 2_048, format: 'uri' })
  billing_api_url?: string | null;

  /**
   * The only invoicing entities that patches may use. Left out or null: any.
   * @example ['ive_7n42DGM5Tflk9n8mt7Fhc7']
   */
  @MayBeCleared()
  @EntityIds()
  invoicing_entities?: string[] | null;
}
