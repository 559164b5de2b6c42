import { Module } from '@nestjs/common';
import { AuditLogModule } from '../audit-log/audit-log.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { Draining } from './draining.js';
import { HealthController } from './health.controller.js';
import { MetricsController } from './metrics.controller.js';

@Module({
  imports: [AuditLogModule, AuthModule, BillingModule],
  controllers: [HealthController, MetricsController],
  providers: [Draining],
  exports: [Draining],
})
export class HealthModule {}
