import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { TenantChanges } from './tenant-changes.js';
import { TenantCredentials } from './tenant-credentials.js';
import { TenantStore } from './tenant-store.js';
import { TenantCache } from './tenant-cache.js';
import { TenantsFileSync } from './tenants-file.sync.js';
import { TenantsFileWatcher } from './tenants-file.watcher.js';
import { MissingKeys } from './missing-keys.js';

@Module({
  imports: [CryptoModule],
  providers: [
    TenantStore,
    TenantCache,
    TenantCredentials,
    TenantChanges,
    TenantsFileSync,
    TenantsFileWatcher,
    MissingKeys,
  ],
  exports: [TenantCredentials, TenantStore, TenantCache],
})
export class TenantsModule {}
