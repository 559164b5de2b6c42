import { type DynamicModule, Module } from '@nestjs/common';
import { AuditLogModule } from '../audit-log/audit-log.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BillingModule } from '../billing/billing.module.js';
import type { Config } from '../config/config.js';
import { Draining } from './draining.js';
import { HealthChecks } from './health-checks.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';

/** What ADMIN_PORT serves; without it the public port does. */
export const PROBES = [HealthController, MetricsController] as const;

@Module({
  imports: [AuditLogModule, AuthModule, BillingModule],
  providers: [Draining, HealthChecks],
  exports: [Draining, HealthChecks],
})
export class HealthModule {
  static with({ adminPort }: Config): DynamicModule {
    return { module: HealthModule, controllers: adminPort === undefined ? [...PROBES] : [] };
  }
}
