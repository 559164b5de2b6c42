import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { IdempotencyStore } from './idempotency-store.js';

@Module({
  imports: [CryptoModule, DatabaseModule],
  providers: [IdempotencyKeys, IdempotencyStore],
  exports: [IdempotencyKeys],
})
export class IdempotencyModule {}
