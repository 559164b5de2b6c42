import { Module } from '@nestjs/common';
import { CryptoModule } from '../crypto/crypto.module.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { IdempotencyStore } from './idempotency-store.js';

@Module({
  imports: [CryptoModule],
  providers: [IdempotencyKeys, IdempotencyStore],
  exports: [IdempotencyKeys],
})
export class IdempotencyModule {}
