import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { Erasure } from './erasure.js';
import { PersonalDataController } from './personal-data.controller.js';

@Module({
  imports: [AuditModule, CryptoModule, IdempotencyModule],
  controllers: [PersonalDataController],
  providers: [Erasure],
})
export class PrivacyModule {}
