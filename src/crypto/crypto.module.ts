import { Module } from '@nestjs/common';
import { AppKeys } from './app-keys.js';
import { CustomerVault } from './customer-vault.js';
import { EncryptionKeyRing } from './encryption-key-ring.js';
import { KeyRing } from './key-ring.js';

@Module({
  providers: [{ provide: KeyRing, useClass: EncryptionKeyRing }, AppKeys, CustomerVault],
  exports: [KeyRing, AppKeys, CustomerVault],
})
export class CryptoModule {}
