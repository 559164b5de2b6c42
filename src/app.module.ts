import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuditLogModule } from './audit-log/audit-log.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { ConsoleModule } from './console/console.module.js';
import { CustomersModule } from './customers/customers.module.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { OutsideModule } from './outside.module.js';
import { PagesModule } from './pages/pages.module.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { ReencryptionModule } from './reencryption.module.js';
import { type Runtime, RuntimeModule } from './runtime.module.js';
import { InFlight } from './runtime/in-flight.js';
import { TenantAdminModule } from './tenant-admin/tenant-admin.module.js';

/** The modules of the service. docs/adr/0023 explains the order in which they stop. */
@Module({})
export class AppModule implements OnModuleDestroy {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly inFlight: InFlight,
  ) {}

  /** @param outside what leads out of the process */
  static with(
    runtime: Runtime,
    outside: DynamicModule | typeof OutsideModule = OutsideModule,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        RuntimeModule.with(runtime),
        outside,
        DatabaseModule,
        MetricsModule,
        AuthModule,
        AuditModule,
        CustomersModule,
        PrivacyModule,
        OperationsModule,
        AuditLogModule,
        ReencryptionModule,
        TenantAdminModule,
        HealthModule.with(runtime.config),
        ...(runtime.config.swagger.enabled ? [PagesModule] : []),
        ...(runtime.config.console.enabled ? [ConsoleModule] : []),
      ],
    };
  }

  /** Accepts no more requests. Running requests are finished, even if nobody waits for the answer. */
  async onModuleDestroy(): Promise<void> {
    await this.host.httpAdapter.close();
    await this.inFlight.ended();
  }
}
