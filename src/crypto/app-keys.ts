import { createHmac, hash, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Clock } from '../runtime/clock.js';
import { UnusableKey } from './development-keys.js';
import { KeyRing, Undecryptable } from './key-ring.js';

/** The purposes of the service's own keys. */
const PURPOSES = [
  'tenant-file-entry',
  'token-fingerprint',
  'entity-tag',
  'idempotency-key',
  'audit-cursor',
  'audit-log-key',
  'customer-alias',
] as const;
export type AppKeyPurpose = (typeof PURPOSES)[number];

/**
 * The service's HMAC keys. They are random, created once, and stored in the database, encrypted with ENCRYPTION_KEYS.
 * So their results stay comparable after a rotation of the encryption key.
 */
@Injectable()
export class AppKeys implements OnModuleInit {
  private readonly keys = new Map<AppKeyPurpose, Uint8Array>();

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** @throws UnusableKey if ENCRYPTION_KEYS can't decrypt them */
  async onModuleInit(): Promise<void> {
    for (const purpose of PURPOSES) this.keys.set(purpose, await this.load(purpose));
  }

  /** HMAC-SHA-256 in lower-case hex. */
  hmac(purpose: AppKeyPurpose, text: string): string {
    return this.digest(purpose, text).toString('hex');
  }

  /** The first `bytes` bytes of the HMAC in base64url. */
  shortHmac(purpose: AppKeyPurpose, text: string, bytes: number): string {
    return this.digest(purpose, text).toString('base64url', 0, bytes);
  }

  /**
   * A short keyed hash, of many short texts: the first characters of SHA-256 over key and text, in base64url. It costs a
   * fifth of an HMAC. HMAC prevents that a hash is continued with a longer text; this needs the whole of it, and a quarter
   * is the most that is shown.
   * @param characters up to 10, of 6 bits each
   */
  shortHash(purpose: AppKeyPurpose, text: string, characters: number): string {
    const key = Buffer.from(this.keyOf(purpose)).toString('base64url');
    return hash('sha256', key + text, 'base64url').slice(0, characters);
  }

  private digest(purpose: AppKeyPurpose, text: string): Buffer {
    return createHmac('sha256', this.keyOf(purpose)).update(text).digest();
  }

  private keyOf(purpose: AppKeyPurpose): Uint8Array {
    const key = this.keys.get(purpose);
    if (key === undefined) throw new Error('the keys are not loaded yet');
    return key;
  }

  private async load(purpose: AppKeyPurpose): Promise<Uint8Array> {
    const stored = (await this.find(purpose)) ?? (await this.create(purpose));
    try {
      const key = await this.ring.decrypt(stored.wrapped, contextOf(purpose));
      if (stored.kid !== this.ring.currentKid) await this.rewrap(purpose, key);
      return key;
    } catch (error) {
      if (error instanceof Undecryptable) throw new UnusableKey(error.message);
      throw error;
    }
  }

  private find(purpose: AppKeyPurpose): Promise<{ wrapped: string; kid: string } | undefined> {
    const query = this.database.kysely.selectFrom('app_key').select(['wrapped', 'kid']);
    return query.where('purpose', '=', purpose).executeTakeFirst();
  }

  /** Another instance may do the same at this moment. Every instance uses the key of the first. */
  private async create(purpose: AppKeyPurpose): Promise<{ wrapped: string; kid: string }> {
    const { jwe, kid } = await this.ring.encrypt(randomBytes(32), contextOf(purpose));
    await this.database.kysely
      .insertInto('app_key')
      .values({ purpose, wrapped: jwe, kid, created_at: new Date(this.clock.now()) })
      .onConflict((conflict) => conflict.column('purpose').doNothing())
      .execute();
    return (await this.find(purpose)) ?? { wrapped: jwe, kid };
  }

  private async rewrap(purpose: AppKeyPurpose, key: Uint8Array): Promise<void> {
    const { jwe, kid } = await this.ring.encrypt(key, contextOf(purpose));
    const update = this.database.kysely.updateTable('app_key').set({ wrapped: jwe, kid });
    await update.where('purpose', '=', purpose).execute();
  }
}

function contextOf(purpose: AppKeyPurpose): string {
  return `app-key ${purpose}`;
}
