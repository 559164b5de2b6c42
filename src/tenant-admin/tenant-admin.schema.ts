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

  /** Null: the default of the service. */
  @ApiProperty({ type: String, nullable: true })
  billing_api_url: string | null;

  /** Null: any invoicing entity. */
  @ApiProperty({ type: [String], nullable: true })
  invoicing_entities: string[] | null;
}

export class TenantList {
  data: TenantView[];
}

/** A version of a tenant's token, without its value. The current version is the highest that is not retired. */
export class TokenVersion {
  /** @example 7 */
  version: number;

  /** Keyed hash: identifies a token without revealing it. */
  fingerprint: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  /** With a precision of a minute. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_used_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  retired_at: string | null;

  /** When the billing API began to reject it. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  rejected_at: string | null;
}

export class TokenVersionList {
  /** Newest first. */
  data: TokenVersion[];
}
