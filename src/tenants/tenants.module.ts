import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { TenantChanges } from './tenant-changes.js';
import { TenantCredentials } from './tenant-credentials.js';
import { TenantStore } from './tenant-store.js';
import { TenantVault } from './tenant-vault.js';
import { TenantsFileSync } from './tenants-file.sync.js';
import { TenantsFileWatcher } from './tenants-file.watcher.js';
import { MissingKeys } from './token-table.js';

@Module({
  imports: [CryptoModule],
  providers: [
    TenantStore,
    TenantVault,
    TenantCredentials,
    TenantChanges,
    TenantsFileSync,
    TenantsFileWatcher,
    MissingKeys,
  ],
  exports: [TenantCredentials, TenantStore, TenantVault],
})
export class TenantsModule {}
