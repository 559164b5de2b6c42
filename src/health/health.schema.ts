import { ApiProperty } from '@nestjs/swagger';
import { ALARM_REASONS } from '../audit-log/log-alarms.js';

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

/** What is wrong with an audit log. It does not affect the readiness of this instance. */
export class AuditLogAlarm {
  /** The log: a tenant's id, or `_platform`. */
  log: string;

  @ApiProperty({ enum: ALARM_REASONS })
  reason: string;
}

/** State of the audit logs, as this instance sees them. It does not affect its readiness. */
export class AuditLogHealth {
  /** Alarms that are not over; 20 at most. */
  @ApiProperty({ type: [AuditLogAlarm] })
  alarms: readonly AuditLogAlarm[];

  /** Events that may not enter their log, since the start of this instance. */
  @ApiProperty({ type: 'integer', minimum: 0, example: 0 })
  set_aside: number;
}

/** Whether this instance is ready for requests, and if not, which check failed. */
export class Readiness {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';

  /** Each is `up` or `down`: the database answers; the identity provider's keys were fetched; the process is not shutting down. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string', enum: ['up', 'down'] } })
  checks: Record<'database' | 'identity_provider' | 'process', 'up' | 'down'>;

  billing_api: BillingApiHealth;

  audit_log: AuditLogHealth;
}
