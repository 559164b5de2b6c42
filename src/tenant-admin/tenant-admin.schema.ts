import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** A tenant, as an operator sees it. */
@ApiSchema({ name: 'Tenant' })
export class TenantView {
  /** @example 'acme' */
  id: string;

  /** @example 'Acme GmbH' */
  name: string;

  @ApiProperty({ enum: ['active', 'suspended'] })
  status: 'active' | 'suspended';

  /** Null: the service's default. */
  @ApiProperty({ type: String, nullable: true })
  billing_api_url: string | null;

  /** Null: any. */
  @ApiProperty({ type: [String], nullable: true })
  invoicing_entities: string[] | null;
}

export class TenantList {
  data: TenantView[];
}

/** A version of a tenant's token, never its value. The current one is the highest that is not retired. */
export class TokenVersion {
  /** @example 7 */
  version: number;

  /** Keyed hash: tells tokens apart without revealing them. */
  fingerprint: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** To the minute. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_used_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  retired_at: string | null;

  /** Since when the billing API rejects it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  rejected_at: string | null;
}

export class TokenVersionList {
  /** Newest first. */
  data: TokenVersion[];
}
