import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { OpenOperations } from './open-operations.js';
import { OperationWaits } from './operation-waits.js';
import { OperationsController } from './operations.controller.js';
import { OperationsService } from './operations.service.js';
import { Reconciler } from './reconciler.js';

@Module({
  imports: [AuditModule, BillingModule, CryptoModule, CustomersModule, TenantsModule],
  controllers: [OperationsController],
  providers: [OpenOperations, OperationWaits, OperationsService, Reconciler],
})
export class OperationsModule {}
