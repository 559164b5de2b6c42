import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppKeys } from '../crypto/app-keys.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { CustomerVault } from '../crypto/customer-vault.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { IdempotencyStore } from './idempotency-store.js';

@Module({
  imports: [CryptoModule],
  providers: [
    {
      provide: IdempotencyKeys,
      inject: [Database, AppKeys, CustomerVault, Clock, LOGGER],
      useFactory: (
        database: Database,
        appKeys: AppKeys,
        vault: CustomerVault,
        clock: Clock,
        logger: Logger,
      ) => new IdempotencyKeys(new IdempotencyStore(database), appKeys, vault, clock, logger),
    },
  ],
  exports: [IdempotencyKeys],
})
export class IdempotencyModule {}
