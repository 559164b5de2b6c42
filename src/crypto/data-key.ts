import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
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
  /** For `derive`: one key is not used for two purposes. Nothing that writes objects sees it. */
  readonly #derivationKey: Uint8Array;

  /** @param key 32 bytes */
  constructor(key: Uint8Array) {
    this.key = createSecretKey(key);
    this.#derivationKey = new Uint8Array(hkdfSync('sha256', key, '', 'derive', 32));
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

  /**
   * Secret bytes for a purpose, the same each time. Whoever knows some of them learns nothing about the others or the
   * key: SHAKE256 over key and purpose, which can't be continued like SHA-256 (FIPS 202), a third of the cost of HKDF.
   */
  derive(purpose: string, bytes: number): Buffer {
    return createHash('shake256', { outputLength: bytes })
      .update(this.#derivationKey)
      .update(purpose)
      .digest();
  }
}
