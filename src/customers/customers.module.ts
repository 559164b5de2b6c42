import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { BillingExchange } from './billing-exchange.js';
import { CustomerLeases } from './customer-leases.js';
import { CustomerReader } from './customer-reader.js';
import { CustomersController } from './customers.controller.js';
import { CustomersService } from './customers.service.js';
import { EntityTags } from './entity-tags.js';
import { PastPatches } from './past-patches.js';
import { PersonalDataController } from './personal-data.controller.js';
import { PatchRecords } from './patch-records.js';
import { PatchSender } from './patch-sender.js';

@Module({
  imports: [AuditModule, BillingModule, CryptoModule, IdempotencyModule, TenantsModule],
  controllers: [CustomersController, PersonalDataController],
  providers: [
    CustomersService,
    BillingExchange,
    CustomerLeases,
    CustomerReader,
    EntityTags,
    PastPatches,
    PatchRecords,
    PatchSender,
  ],
  exports: [CustomerReader],
})
export class CustomersModule {}
