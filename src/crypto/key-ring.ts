import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import type { EncryptionKey } from '../config/config.js';

/** An encrypted value as it is stored. */
export interface Sealed {
  /** Compact JWE (RFC 7516), `dir` with A256GCM. */
  readonly jwe: string;
  /** The key that decrypts it. */
  readonly kid: string;
}

/** A stored value can't be decrypted. `missingKid` names the key it was encrypted with when that is not there. */
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

/**
 * ENCRYPTION_KEYS: encrypts with the first, decrypts with any. Each value is bound to a context, the place it
 * is stored at, so that a value that is moved elsewhere in the database no longer decrypts.
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

  async encrypt(plaintext: Uint8Array, context: string): Promise<Sealed> {
    const kid = this.currentKid;
    const header = { alg: 'dir', enc: 'A256GCM', kid, ctx: context };
    const jwe = await new CompactEncrypt(plaintext)
      .setProtectedHeader(header)
      .encrypt(this.keyOf(kid, context));
    return { jwe, kid };
  }

  /** @throws Undecryptable */
  async decrypt(jwe: string, context: string): Promise<Uint8Array> {
    try {
      const { plaintext, protectedHeader } = await compactDecrypt(
        jwe,
        ({ kid }) => this.keyOf(typeof kid === 'string' ? kid : '', context),
        { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
      );
      if (protectedHeader['ctx'] === context) return plaintext;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError)
        throw new Undecryptable(context, undefined);
      throw error;
    }
    throw new Undecryptable(context, undefined);
  }

  private keyOf(kid: string, context: string): Uint8Array {
    const key = this.keys.get(kid);
    if (key === undefined) throw new Undecryptable(context, kid);
    return key;
  }
}
