import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../config/config.js';

/** An encrypted value as stored. */
export interface Sealed {
  /** Compact JWE (RFC 7516), `dir` with A256GCM. */
  readonly jwe: string;
  /** The key that decrypts it. */
  readonly kid: string;
}

/** A stored value can't be decrypted. `missingKid` is the key that encrypted it, if that key is missing. */
export class Undecryptable extends Error {
  override readonly name = 'Undecryptable';

  constructor(
    readonly context: string,
    readonly missingKid: string | undefined,
  ) {
    super(
      missingKid === undefined
        ? `the stored value of ${context} was tampered with, or its key is not the one it was encrypted with`
        : `ENCRYPTION_KEYS has no key ${missingKid}, which ${context} is encrypted with`,
    );
  }
}

/** Bytes of the initialisation vector and of the tag (RFC 7518, section 5.3). */
const IV = 12;
const TAG = 16;

/**
 * ENCRYPTION_KEYS: the first key encrypts, all keys decrypt. Each value is bound to a context, the place where it is
 * stored, so a value that is moved elsewhere in the database can't be decrypted. The values are JWEs, which name their
 * key, made with OpenSSL's ciphers: WebCrypto's ciphers, which JWE libraries use, cost six times as much.
 */
export class KeyRing {
  private readonly keys: ReadonlyMap<string, Uint8Array>;
  /** The key that encrypts. */
  readonly currentKid: string;

  constructor(keys: readonly EncryptionKey[]) {
    const [first] = keys;
    if (first === undefined) throw new RangeError('a key ring needs a key');
    this.currentKid = first.kid;
    this.keys = new Map(keys.map(({ kid, key }) => [kid, key]));
  }

  /** The current one first. */
  get kids(): string[] {
    return [...this.keys.keys()];
  }

  has(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** @param context at most a few hundred characters */
  encrypt(plaintext: Uint8Array, context: string): Promise<Sealed> {
    const kid = this.currentKid;
    const header = base64url(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid, ctx: context }));
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', this.keyOf(kid, context), iv);
    cipher.setAAD(Buffer.from(header));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const parts = [header, '', base64url(iv), base64url(ciphertext), base64url(cipher.getAuthTag())];
    return Promise.resolve({ jwe: parts.join('.'), kid });
  }

  /** @throws Undecryptable */
  decrypt(jwe: string, context: string): Promise<Uint8Array> {
    return new Promise((resolve) => {
      resolve(this.open(jwe, context));
    });
  }

  /**
   * Like `decrypt`, but synchronous.
   * @throws Undecryptable
   */
  open(jwe: string, context: string): Uint8Array {
    const [header = '', , iv = '', ciphertext = '', tag = ''] = jwe.split('.');
    const { kid, ctx } = readHeader(header);
    const key = this.keyOf(kid, context);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), {
        authTagLength: TAG,
      });
      decipher.setAAD(Buffer.from(header));
      decipher.setAuthTag(Buffer.from(tag, 'base64url'));
      const plaintext = Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()]);
      if (ctx === context) return plaintext;
    } catch {
      // OpenSSL reports only that decryption failed.
    }
    throw new Undecryptable(context, undefined);
  }

  private keyOf(kid: string, context: string): Uint8Array {
    const key = this.keys.get(kid);
    if (key === undefined) throw new Undecryptable(context, kid);
    return key;
  }
}

function base64url(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64url');
}

/** Do not trust it before the value is decrypted: the tag covers it. */
function readHeader(header: string): { readonly kid: string; readonly ctx: unknown } {
  try {
    const read: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    const { kid, ctx }: Partial<Record<string, unknown>> = typeof read === 'object' ? { ...read } : {};
    return { kid: typeof kid === 'string' ? kid : '', ctx };
  } catch {
    return { kid: '', ctx: undefined };
  }
}
