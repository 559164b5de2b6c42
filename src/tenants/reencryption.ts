import type { Logger } from 'pino';
import { type KeyRing, Undecryptable } from '../crypto/key-ring.js';
import type { Database } from '../database/database.js';
import { describeError } from '../http/logger.js';
import type { TokenRow } from './tenant-rows.js';
import { tokenContext } from './tenant-change.js';

/** Rows that are locked at a time. */
const BATCH = 50;

/**
 * After a rotation of the encryption key: says which tenants' tokens need a key that is gone, and encrypts all
 * others with the current one, behind the scenes, on any number of instances at once.
 */
export class Reencryption {
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.nameMissingKeys();
  }

  onApplicationBootstrap(): void {
    this.running = this.run().catch((error: unknown) => {
      this.logger.warn(
        { error: describeError(error) },
        'tokens could not all be encrypted with the current key',
      );
    });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async nameMissingKeys(): Promise<void> {
    const kids = await this.database.kysely.selectFrom('tenant_token').select('kid').distinct().execute();
    const missing = kids.map(({ kid }) => kid).filter((kid) => !this.ring.has(kid));
    if (missing.length === 0) return;
    const rows = await this.database.kysely
      .selectFrom('tenant_token')
      .select(['tenant_id', 'version', 'kid'])
      .where('kid', 'in', missing)
      .where('retired_at', 'is', null)
      .orderBy('tenant_id')
      .execute();
    for (const { tenant_id, version, kid } of rows) {
      this.logger.error({ tenant_id, version, kid }, 'ENCRYPTION_KEYS lacks the key that this token needs');
    }
  }

  private async run(): Promise<void> {
    let done = 0;
    for (let batch = await this.step(); batch > 0 && !this.stopped; batch = await this.step()) done += batch;
    if (done > 0)
      this.logger.info({ tokens: done, kid: this.ring.currentKid }, 'tokens encrypted with the current key');
  }

  /** Encrypts one batch anew; answers how many rows it could. */
  private step(): Promise<number> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      const rows = await transaction
        .selectFrom('tenant_token')
        .selectAll()
        .where('kid', '!=', this.ring.currentKid)
        .where('kid', 'in', this.ring.kids)
        .orderBy('tenant_id')
        .orderBy('version')
        .limit(BATCH)
        .forUpdate()
        .skipLocked()
        .execute();
      for (const row of rows) {
        const { jwe, kid } = await this.encryptAnew(row);
        await transaction
          .updateTable('tenant_token')
          .set({ token: jwe, kid })
          .where('tenant_id', '=', row.tenant_id)
          .where('version', '=', row.version)
          .execute();
      }
      return rows.length;
    });
  }

  /** One that can't be decrypted is only marked as done: it is said whenever its tenant is looked up. */
  private async encryptAnew(row: TokenRow): Promise<{ jwe: string; kid: string }> {
    const context = tokenContext(row.tenant_id, row.version);
    try {
      return await this.ring.encrypt(await this.ring.decrypt(row.token, context), context);
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      return { jwe: row.token, kid: this.ring.currentKid };
    }
  }
}
