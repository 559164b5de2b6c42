import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { describeError, LOGGER } from '../http/logger.js';
import { KeyRing, type Sealed, Undecryptable } from './key-ring.js';

/** Rows locked at a time. */
const BATCH = 50;

/** A value that is encrypted with one of ENCRYPTION_KEYS, and how to store it again. */
export interface EncryptedRow {
  /** Its position in the table. */
  readonly cursor: readonly [string, string | number];
  readonly context: string;
  readonly jwe: string;
  readonly store: (encrypted: Sealed) => Promise<unknown>;
}

/** A table with such values. */
export interface EncryptedTable {
  /** For the log. */
  readonly content: string;
  /** Locks up to `limit` rows after `after` that are encrypted with one of `kids`, in order. */
  lock(
    transaction: Transaction<Schema>,
    kids: readonly string[],
    limit: number,
    after: EncryptedRow['cursor'] | undefined,
  ): Promise<EncryptedRow[]>;
}

/** Injection token of all such tables. */
export const ENCRYPTED_TABLES = Symbol('EncryptedTables');

/**
 * After a rotation of the encryption key: re-encrypts all values with the current key, in the background, on any
 * number of instances at once. Values that can't be decrypted stay unchanged; they are reported where they are used.
 */
@Injectable()
export class Reencryption implements OnApplicationBootstrap, OnModuleDestroy {
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    @Inject(ENCRYPTED_TABLES) private readonly tables: readonly EncryptedTable[],
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    for (const table of this.tables) {
      const { content } = table;
      try {
        const rows = await this.encryptAnew(table);
        if (rows > 0)
          this.logger.info({ content, rows, kid: this.ring.currentKid }, 'encrypted with the current key');
      } catch (error) {
        this.logger.warn(
          { content, error: describeError(error) },
          'not all values are encrypted with the current key',
        );
      }
    }
  }

  private async encryptAnew(table: EncryptedTable): Promise<number> {
    const others = this.ring.kids.filter((kid) => kid !== this.ring.currentKid);
    if (others.length === 0) return 0;
    let done = 0;
    let after: EncryptedRow['cursor'] | undefined;
    do {
      const rows = await this.database.kysely.transaction().execute(async (transaction) => {
        const batch = await table.lock(transaction, others, BATCH, after);
        for (const row of batch) done += await this.renew(row);
        return batch;
      });
      after = rows.at(-1)?.cursor;
    } while (after !== undefined && !this.stopped);
    return done;
  }

  private async renew({ jwe, context, store }: EncryptedRow): Promise<0 | 1> {
    try {
      await store(await this.ring.encrypt(await this.ring.decrypt(jwe, context), context));
      return 1;
    } catch (error) {
      if (error instanceof Undecryptable) return 0;
      throw error;
    }
  }
}
