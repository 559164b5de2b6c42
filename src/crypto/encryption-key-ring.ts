import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { encryptionKeys } from './development-keys.js';
import { KeyRing } from './key-ring.js';

/** The ring of ENCRYPTION_KEYS; injected as `KeyRing`, since a customer's key makes a ring of its own. */
@Injectable()
export class EncryptionKeyRing extends KeyRing {
  constructor(config: Config) {
    super(encryptionKeys(config));
  }
}
