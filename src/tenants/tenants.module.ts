import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import type { Environment } from '../config/setting-reader.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { ENVIRONMENT } from '../runtime/runtime.module.js';
import { TenantDirectory } from './tenant-directory.js';
import { TenantsFileWatcher } from './tenants-file.watcher.js';

@Module({
  providers: [
    TenantDirectory,
    {
      provide: TenantsFileWatcher,
      inject: [Config, ENVIRONMENT, TenantDirectory, Clock, LOGGER],
      useFactory: (
        config: Config,
        environment: Environment,
        directory: TenantDirectory,
        clock: Clock,
        logger: Logger,
      ) => new TenantsFileWatcher(config, environment, directory, clock, logger),
    },
  ],
  exports: [TenantDirectory],
})
export class TenantsModule {}
