import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { TenantAdminController } from './tenant-admin.controller.js';
import { TenantAdminService } from './tenant-admin.service.js';
import { TenantTrail } from './tenant-trail.js';
import { TenantsFileSync } from './tenants-file.sync.js';
import { TenantsFileWatcher } from './tenants-file.watcher.js';

@Module({
  imports: [AuditModule, CryptoModule, TenantsModule],
  controllers: [TenantAdminController],
  providers: [TenantAdminService, TenantTrail, TenantsFileSync, TenantsFileWatcher],
})
export class TenantAdminModule {}
