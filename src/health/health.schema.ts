import { ApiProperty } from '@nestjs/swagger';

/** Whether the process runs. */
export class Liveness {
  @ApiProperty({ enum: ['up'] })
  status: 'up';
}

/** What is known of billing APIs; it does not make this instance unready. */
export class BillingApiHealth {
  /** Circuit breakers that let nothing through at the moment, of single tenants or of whole origins. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  open_breakers: number;
}

/** Whether requests should be sent here, and what stands in the way if not. */
export class Readiness {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';

  /** Each is `up` or `down`: the database answers, the identity provider's keys were seen, not shutting down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks: Record<'database' | 'identity_provider' | 'process', 'up' | 'down'>;

  billing_api: BillingApiHealth;
}
