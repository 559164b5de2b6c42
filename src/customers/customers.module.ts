import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { CustomersController } from './customers.controller.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { PatchSender } from './patch-sender.js';
import { CustomersService } from './customers.service.js';

@Module({
  imports: [AuditModule, BillingModule, TenantsModule],
  controllers: [CustomersController],
  providers: [CustomersService, PatchSender],
})
export class CustomersModule {}
