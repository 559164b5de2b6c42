import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AuditModule } from '../audit/audit.module.js';
import { AuditStore } from '../audit/audit-store.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { BillingModule } from '../billing/billing.module.js';
import { Bulkhead } from '../billing/bulkhead.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { CustomerVault } from '../crypto/customer-vault.js';
import { CustomerReader } from '../customers/customer-reader.js';
import { CustomersModule } from '../customers/customers.module.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { TenantCredentials } from '../tenants/tenant-credentials.js';
import { TenantVault } from '../tenants/tenant-vault.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { OpenOperations } from './open-operations.js';
import { OperationsController } from './operations.controller.js';
import { Reconciler } from './reconciler.js';

@Module({
  imports: [AuditModule, BillingModule, CryptoModule, CustomersModule, TenantsModule],
  controllers: [OperationsController],
  providers: [
    {
      provide: OpenOperations,
      inject: [Database],
      useFactory: (database: Database) => new OpenOperations(database),
    },
    {
      provide: Reconciler,
      inject: [
        OpenOperations,
        AuditStore,
        AuditTrail,
        CustomerVault,
        TenantVault,
        TenantCredentials,
        CustomerReader,
        Bulkhead,
        Metrics,
        Clock,
        LOGGER,
      ],
      useFactory: (
        operations: OpenOperations,
        store: AuditStore,
        trail: AuditTrail,
        vault: CustomerVault,
        tenants: TenantVault,
        credentials: TenantCredentials,
        reader: CustomerReader,
        bulkhead: Bulkhead,
        metrics: Metrics,
        clock: Clock,
        logger: Logger,
      ) =>
        new Reconciler(
          operations,
          store,
          trail,
          vault,
          tenants,
          credentials,
          reader,
          bulkhead,
          metrics,
          clock,
          logger,
        ),
    },
  ],
})
export class OperationsModule {}
