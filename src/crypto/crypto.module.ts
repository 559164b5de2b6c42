import { Module } from '@nestjs/common';
import { AppKeys } from './app-keys.js';
import { CustomerCipher } from './customer-cipher.js';
import { EncryptionKeyRing } from './encryption-key-ring.js';
import { KeyRing } from './key-ring.js';

@Module({
  providers: [{ provide: KeyRing, useClass: EncryptionKeyRing }, AppKeys, CustomerCipher],
  exports: [KeyRing, AppKeys, CustomerCipher],
})
export class CryptoModule {}
