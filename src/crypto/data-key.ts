import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { pooledRandom } from '../runtime/random.js';
import { Undecryptable } from './key-ring.js';

/** Bytes of the nonce and of the tag (NIST SP 800-38D). */
const NONCE = 12;
const TAG = 16;

/** Nonces must be unique, not secret. */
const random = pooledRandom();

/**
 * A key that encrypts stored values, with AES-256-GCM. An encrypted value is nonce, ciphertext and tag as bytes: as a
 * JWE it would be 200 bytes and a third longer. The place where it is stored is authenticated with it, so a value that
 * is moved elsewhere in the database can't be decrypted.
 */
export class DataKey {
  private readonly key: KeyObject;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.key = createSecretKey(key);
  }

  encrypt(text: string, place: string): Buffer {
    const nonce = random(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce);
    cipher.setAAD(Buffer.from(place));
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws Undecryptable */
  decrypt(encrypted: Uint8Array, place: string): string {
    try {
      const nonce = encrypted.subarray(0, NONCE);
      const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG });
      decipher.setAAD(Buffer.from(place));
      decipher.setAuthTag(encrypted.subarray(-TAG));
      const bytes = decipher.update(encrypted.subarray(NONCE, -TAG));
      return Buffer.concat([bytes, decipher.final()]).toString();
    } catch {
      // OpenSSL reports only that decryption failed.
      throw new Undecryptable(place, undefined);
    }
  }
}
