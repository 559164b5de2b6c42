import { type DynamicModule, Module } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ReencryptionModule } from './reencryption.module.js';
import { SealingModule } from './sealing/sealing.module.js';
import { TenantAdminModule } from './tenant-admin/tenant-admin.module.js';
import { type Runtime, RuntimeModule } from './runtime/runtime.module.js';

@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [
        RuntimeModule.with(runtime),
        DatabaseModule,
        MetricsModule,
        AuthModule,
        AuditModule,
        CustomersModule,
        OperationsModule,
        SealingModule,
        ReencryptionModule,
        TenantAdminModule,
        HealthModule,
      ],
    };
  }
}
