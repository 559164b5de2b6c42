import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Turns } from '../runtime/turns.js';
import { AppKeys } from './app-keys.js';
import { CustomerVault } from './customer-vault.js';
import { encryptionKeys } from './development-keys.js';
import { KeyRing } from './key-ring.js';

@Module({
  providers: [
    {
      provide: KeyRing,
      inject: [Config],
      useFactory: (config: Config) => new KeyRing(encryptionKeys(config)),
    },
    {
      provide: AppKeys,
      inject: [Database, KeyRing, Clock],
      useFactory: (database: Database, ring: KeyRing, clock: Clock) => new AppKeys(database, ring, clock),
    },
    {
      provide: CustomerVault,
      inject: [Database, KeyRing, Clock, LOGGER, Turns],
      useFactory: (database: Database, ring: KeyRing, clock: Clock, logger: Logger, turns: Turns) =>
        new CustomerVault(database, ring, clock, logger, turns),
    },
  ],
  exports: [KeyRing, AppKeys, CustomerVault],
})
export class CryptoModule {}
