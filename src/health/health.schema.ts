import { ApiProperty } from '@nestjs/swagger';

/** Whether the process runs. */
export class Liveness {
  @ApiProperty({ enum: ['up'] })
  status: 'up';
}

/** State of the billing APIs. It does not affect the readiness of this instance. */
export class BillingApiHealth {
  /** Number of open circuit breakers, for tenants and origins. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  open_breakers: number;
}

/** Whether this instance is ready for requests, and if not, which check failed. */
export class Readiness {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';

  /** Each is `up` or `down`: the database answers; the identity provider's keys were fetched; the process is not shutting down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks: Record<'database' | 'identity_provider' | 'process', 'up' | 'down'>;

  billing_api: BillingApiHealth;
}
