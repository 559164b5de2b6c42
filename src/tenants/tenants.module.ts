import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import type { Environment } from '../config/setting-reader.js';
import { AppKeys } from '../crypto/app-keys.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { ENVIRONMENT } from '../runtime/runtime.module.js';
import { MissingKeys } from './token-table.js';
import { TenantChanges } from './tenant-changes.js';
import { TenantCredentials } from './tenant-credentials.js';
import { TenantStore } from './tenant-store.js';
import { TenantVault } from './tenant-vault.js';
import { TenantsFileSync } from './tenants-file.sync.js';
import { TenantsFileWatcher } from './tenants-file.watcher.js';

@Module({
  imports: [CryptoModule],
  providers: [
    {
      provide: TenantStore,
      inject: [Database, KeyRing, AppKeys, Config, Clock],
      useFactory: (database: Database, ring: KeyRing, appKeys: AppKeys, config: Config, clock: Clock) =>
        new TenantStore(database, ring, appKeys, config.billing, clock),
    },
    {
      provide: TenantVault,
      inject: [TenantStore, KeyRing, Config, Clock, LOGGER],
      useFactory: (store: TenantStore, ring: KeyRing, config: Config, clock: Clock, logger: Logger) =>
        new TenantVault(store, ring, config.billing, clock, logger),
    },
    {
      provide: TenantCredentials,
      inject: [TenantStore, TenantVault, Clock, LOGGER],
      useFactory: (store: TenantStore, vault: TenantVault, clock: Clock, logger: Logger) =>
        new TenantCredentials(store, vault, clock, logger),
    },
    {
      provide: TenantChanges,
      inject: [Config, TenantVault, Clock, LOGGER],
      useFactory: (config: Config, vault: TenantVault, clock: Clock, logger: Logger) =>
        new TenantChanges(config.databaseUrl, vault, clock, logger),
    },
    {
      provide: TenantsFileSync,
      inject: [TenantStore, TenantVault, AppKeys, LOGGER],
      useFactory: (store: TenantStore, vault: TenantVault, appKeys: AppKeys, logger: Logger) =>
        new TenantsFileSync(store, vault, appKeys, logger),
    },
    {
      provide: TenantsFileWatcher,
      inject: [Config, ENVIRONMENT, TenantsFileSync, Clock, LOGGER],
      useFactory: (
        config: Config,
        environment: Environment,
        sync: TenantsFileSync,
        clock: Clock,
        logger: Logger,
      ) => new TenantsFileWatcher(config, environment, sync, clock, logger),
    },
    {
      provide: MissingKeys,
      inject: [Database, KeyRing, LOGGER],
      useFactory: (database: Database, ring: KeyRing, logger: Logger) =>
        new MissingKeys(database, ring, logger),
    },
  ],
  exports: [TenantCredentials, TenantStore, TenantVault],
})
export class TenantsModule {}
