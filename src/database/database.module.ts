import { Global, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Database } from './database.js';
import { ExpiredRows } from './expired-rows.js';

@Global()
@Module({
  providers: [
    {
      provide: Database,
      inject: [Config, LOGGER],
      useFactory: (config: Config, logger: Logger) => new Database(config, logger),
    },
    {
      provide: ExpiredRows,
      inject: [Database, Clock],
      useFactory: (database: Database, clock: Clock) => new ExpiredRows(database, clock),
    },
  ],
  exports: [Database],
})
export class DatabaseModule {}
