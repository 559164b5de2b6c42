import { ApiProperty } from '@nestjs/swagger';

/** Whether the process runs. */
export class Liveness {
  @ApiProperty({ enum: ['up'] })
  status: 'up';
}

/** Whether requests should be sent here, and what stands in the way if not. */
export class Readiness {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';

  /** Each is `up` or `down`: the database answers, the identity provider's keys were seen, not shutting down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks: Record<'database' | 'identity_provider' | 'process', 'up' | 'down'>;
}
