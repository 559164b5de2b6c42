import { Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { Database } from './database.js';

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [Config, LOGGER],
      useFactory: (config: Config, logger: Logger) => new Database(config, logger),
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}
