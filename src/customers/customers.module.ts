import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BillingModule } from '../billing/billing.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { CustomerLeases } from './customer-leases.js';
import { CustomerReads } from './customer-reads.js';
import { CustomersController } from './customers.controller.js';
import { CustomersService } from './customers.service.js';
import { EntityTags } from './entity-tags.js';
import { LaterPatches } from './later-patches.js';
import { PatchJournal } from './patch-journal.js';
import { PatchReplay } from './patch-replay.js';
import { PreviewsService } from './previews.service.js';
import { RevertedOperations } from './reverted-operations.js';

@Module({
  imports: [AuditModule, BillingModule, CryptoModule, DatabaseModule, IdempotencyModule, TenantsModule],
  controllers: [CustomersController],
  providers: [
    CustomersService,
    PreviewsService,
    CustomerReads,
    CustomerLeases,
    EntityTags,
    LaterPatches,
    PatchJournal,
    PatchReplay,
    RevertedOperations,
  ],
  exports: [LaterPatches],
})
export class CustomersModule {}
