import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import type { Logger } from 'pino';
import { Config, type SigningKey } from '../config/config.js';
import { AppKeys } from '../crypto/app-keys.js';
import { signingKeys, UnusableKey } from '../crypto/development-keys.js';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { LOGGER } from '../http/logger.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { TreeHead } from './merkle.js';
import {
  ED25519,
  isSignedByAny,
  readNote,
  verifierKey,
  writeSignatureLine,
  writeVkey,
} from './signed-note.js';

/** One of AUDIT_SIGNING_KEYS. */
interface OwnKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** Base64url. */
  readonly publicKey: string;
}

/** A public key that signed, or signs, checkpoints of a log. */
interface TrustedKey {
  readonly publicKey: string;
  readonly ended: boolean;
  /** The largest checkpoint for which an ended key is trusted. */
  readonly until: number;
}

/**
 * The keys of the logs' checkpoints. Every key of AUDIT_SIGNING_KEYS signs, under the log's origin as its name. A key
 * ends, for good, when an instance starts without it and with a key that was added later. From then on it is trusted
 * only up to the size that each log had: so a stolen key can be contained.
 */
@Injectable()
export class LogKeys implements OnModuleInit {
  private readonly own: readonly OwnKey[];
  private readonly name: string;
  /** Of this instance's keys, those that another instance has ended. */
  private ended: ReadonlySet<string> = new Set();

  constructor(
    config: Config,
    private readonly database: Database,
    private readonly appKeys: AppKeys,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.own = signingKeys(config).map(toOwnKey);
    this.name = config.auditLog.name;
  }

  /** @throws UnusableKey if every key has ended */
  async onModuleInit(): Promise<void> {
    await this.register();
    await this.refresh(this.database.kysely);
    if (this.signing.length > 0) return;
    throw new UnusableKey(
      'AUDIT_SIGNING_KEYS has only keys that have ended: a key that was taken out never comes back; add a new one',
    );
  }

  /** A log's unique name in checkpoints. */
  originOf(log: string): string {
    return `${this.name}/${log}`;
  }

  /** Public keys (base64url) that sign now. */
  get signing(): readonly string[] {
    return this.own.map(({ publicKey }) => publicKey).filter((key) => !this.ended.has(key));
  }

  /** Learns which keys other instances have ended. */
  async refresh(database: Kysely<Schema>): Promise<void> {
    const mine = this.own.map(({ publicKey }) => publicKey);
    const rows = await database
      .selectFrom('audit_log_key')
      .select(['public_key', 'kid'])
      .where('public_key', 'in', mine)
      .where('ended_at', 'is not', null)
      .execute();
    for (const { public_key, kid } of rows)
      if (!this.ended.has(public_key)) this.logger.warn({ kid }, 'a signing key of the audit log has ended');
    this.ended = new Set(rows.map(({ public_key }) => public_key));
  }

  /** The checkpoint of a log's state, a signed note. */
  sign(log: string, { size, root }: TreeHead): string {
    const origin = this.originOf(log);
    const text = writeCheckpoint({ origin, size, root });
    const lines = this.own
      .filter(({ publicKey }) => !this.ended.has(publicKey))
      .map(({ privateKey, publicKey }) => {
        const { id } = verifierKey(origin, ED25519, Buffer.from(publicKey, 'base64url'));
        return writeSignatureLine({ name: origin, id, signature: sign(null, Buffer.from(text), privateKey) });
      });
    return `${text}\n${lines.join('')}`;
  }

  /**
   * The statement of a log's stored checkpoint, if this service signed it; else undefined. It may have another origin:
   * that of an earlier AUDIT_LOG_NAME.
   */
  async readOwn(log: string, stored: string, database: Kysely<Schema>): Promise<Checkpoint | undefined> {
    const note = readNote(stored);
    const checkpoint = note === undefined ? undefined : readCheckpoint(note.text);
    if (note === undefined || checkpoint?.origin.endsWith(`/${log}`) !== true) return undefined;
    const signedBy = (keys: readonly string[]): boolean =>
      isSignedByAny(
        note,
        keys.map((key) => verifierKey(checkpoint.origin, ED25519, Buffer.from(key, 'base64url'))),
      );
    if (signedBy(this.signing)) return checkpoint;
    // Signed before the last rotation.
    const trusted = await this.trustedKeys(log, database);
    const fitting = trusted.filter(({ ended, until }) => !ended || checkpoint.size <= until);
    return signedBy(fitting.map(({ publicKey }) => publicKey)) ? checkpoint : undefined;
  }

  /** Text for auditors: the current vkeys of a log, one a line, then those that ended: `<vkey> until <size>`. */
  async publicKeys(log: string): Promise<string> {
    const trusted = await this.trustedKeys(log, this.database.readers);
    const lines = trusted.map(({ publicKey, ended, until }) => {
      const vkey = writeVkey(verifierKey(this.originOf(log), ED25519, Buffer.from(publicKey, 'base64url')));
      return ended ? `${vkey} until ${until}\n` : `${vkey}\n`;
    });
    return lines.join('');
  }

  /** The current ones first, each group the newest first. Keys that somebody else put into the table are left out. */
  private async trustedKeys(log: string, database: Kysely<Schema>): Promise<TrustedKey[]> {
    const rows = await database
      .selectFrom('audit_log_key as key')
      .leftJoin('audit_log_key_end as end', (join) =>
        join.onRef('end.public_key', '=', 'key.public_key').on('end.log', '=', log),
      )
      .select(['key.public_key', 'key.mac', 'key.ended_at', 'end.size'])
      .orderBy(sql`key.ended_at is not null`)
      .orderBy('key.number', 'desc')
      .execute();
    return rows
      .filter(({ public_key, mac }) => this.macOf(public_key) === mac)
      .map(({ public_key, ended_at, size }) => ({
        publicKey: public_key,
        ended: ended_at !== null,
        until: size ?? 0,
      }));
  }

  /** Instances do this one after the other, and while no checkpoint is stored. */
  private register(): Promise<void> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('audit_log_key', 0))`.execute(transaction);
      for (const { publicKey, kid } of this.own)
        await transaction
          .insertInto('audit_log_key')
          .values({ public_key: publicKey, kid, mac: this.macOf(publicKey) })
          .onConflict((conflict) => conflict.column('public_key').doNothing())
          .execute();
      const rows = await transaction
        .selectFrom('audit_log_key')
        .select(['public_key', 'number', 'kid', 'ended_at'])
        .execute();
      const mine = new Set(this.own.map(({ publicKey }) => publicKey));
      const newest = Math.max(
        ...rows.filter(({ public_key }) => mine.has(public_key)).map(({ number }) => number),
      );
      const takenOut = rows.filter(
        ({ public_key, number, ended_at }) => ended_at === null && !mine.has(public_key) && number < newest,
      );
      if (takenOut.length === 0) return;
      const keys = takenOut.map(({ public_key }) => public_key);
      // No instance may store a checkpoint of this key behind the size that is recorded for it.
      await sql`lock table audit_log in share row exclusive mode`.execute(transaction);
      await transaction
        .updateTable('audit_log_key')
        .set({ ended_at: sql`now()` })
        .where('public_key', 'in', keys)
        .execute();
      await sql`
        insert into audit_log_key_end (log, public_key, size)
        select log, public_key, checkpoint_size from audit_log, unnest(${keys}::text[]) as public_key
        where checkpoint_size > 0`.execute(transaction);
      const kids = takenOut.map(({ kid }) => kid);
      this.logger.warn({ kids }, 'signing keys were taken out of AUDIT_SIGNING_KEYS: they have ended');
    });
  }

  private macOf(publicKey: string): string {
    return this.appKeys.hmac('audit-log-key', publicKey);
  }
}

/** PKCS #8 of an Ed25519 key (RFC 8410): this prefix and the seed. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function toOwnKey({ kid, seed }: SigningKey): OwnKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return { kid, privateKey, publicKey: createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '' };
}
