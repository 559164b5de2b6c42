import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { SealSigner } from './seal-signer.js';
import { SealStore } from './seal-store.js';
import { Sealer } from './sealer.js';
import { SealsController } from './seals.controller.js';

@Module({
  imports: [AuthModule, CryptoModule],
  controllers: [SealsController],
  providers: [SealStore, SealSigner, Sealer],
  exports: [SealStore],
})
export class SealingModule {}
