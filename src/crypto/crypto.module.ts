import { Module } from '@nestjs/common';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import { Clock } from '../runtime/clock.js';
import { AppKeys } from './app-keys.js';
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
  ],
  exports: [KeyRing, AppKeys],
})
export class CryptoModule {}
