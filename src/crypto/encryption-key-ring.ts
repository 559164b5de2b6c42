import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { encryptionKeys } from './development-keys.js';
import { KeyRing } from './key-ring.js';

/**
 * The ring of ENCRYPTION_KEYS. It has its own class for injection, because each customer's key also makes a
 * `KeyRing`.
 */
@Injectable()
export class EncryptionKeyRing extends KeyRing {
  constructor(config: Config) {
    super(encryptionKeys(config));
  }
}
