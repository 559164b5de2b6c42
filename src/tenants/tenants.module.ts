import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { FileEntries } from './file-entries.js';
import { MissingKeys } from './missing-keys.js';
import { RejectedTokens } from './rejected-tokens.js';
import { TenantCache } from './tenant-cache.js';
import { TenantChanges } from './tenant-changes.js';
import { TenantCredentials } from './tenant-credentials.js';
import { TenantStore } from './tenant-store.js';

@Module({
  imports: [CryptoModule],
  providers: [
    TenantStore,
    TenantCache,
    TenantCredentials,
    TenantChanges,
    RejectedTokens,
    MissingKeys,
    FileEntries,
  ],
  exports: [TenantCredentials, TenantStore, TenantCache, FileEntries],
})
export class TenantsModule {}
