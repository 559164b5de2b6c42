import { Inject, Injectable } from '@nestjs/common';
import { canonicalize } from '../crypto/canonical.js';
import { calculateJwkThumbprint, type CompactJWSHeaderParameters, CompactSign, importJWK } from 'jose';
import { type Selectable, sql } from 'kysely';
import type { Logger } from 'pino';
import { Config, type SigningKey } from '../config/config.js';
import { signingKey, UnusableKey } from '../crypto/development-keys.js';
import { KeyRing, Undecryptable } from '../crypto/key-ring.js';
import { Database } from '../database/database.js';
import type { AuditKeyTable } from '../database/schema.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import type { SealedState } from './seal.js';

/** A public signing key for auditors (RFC 8037). */
export interface PublicSigningKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/**
 * Signs seals. The previous signing key signs a new one; it is stored, encrypted, for this purpose. The signature is
 * in the header of every seal that the new key makes. So a verifier that trusts the first key can trust the next.
 */
@Injectable()
export class SealSigner {
  private readonly key: SigningKey;
  private kid = '';
  private endorsement: string | null = null;

  constructor(
    config: Config,
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.key = signingKey(config);
  }

  /** @throws UnusableKey if another key has the same `kid` */
  async onModuleInit(): Promise<void> {
    const { kty, crv, x } = this.key;
    this.kid = this.key.kid ?? (await calculateJwkThumbprint({ kty, crv, x }));
    this.endorsement = await this.register();
  }

  /** Compact JWS over the RFC 8785 form of a seal's other fields. */
  async sign(state: SealedState): Promise<string> {
    const header = this.endorsement === null ? {} : { endorsement: this.endorsement };
    return sign(this.key, { alg: 'EdDSA', kid: this.kid, ...header }, state);
  }

  /** Every key that ever signed, oldest first. */
  async publicKeys(): Promise<PublicSigningKey[]> {
    const rows = await this.database.kysely
      .selectFrom('audit_key')
      .select(['kid', 'x'])
      .orderBy('created_at')
      .execute();
    return rows.map(({ kid, x }) => publicKey(kid, x));
  }

  /** Returns the endorsement of the key. Instances do this one after the other. */
  private register(): Promise<string | null> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('audit_key', 0))`.execute(transaction);
      const rows = await transaction.selectFrom('audit_key').selectAll().execute();
      const known = rows.find(({ kid }) => kid === this.kid);
      if (known !== undefined && known.x !== this.key.x)
        throw new UnusableKey(`AUDIT_SIGNING_KEY has the kid of another key: ${this.kid}`);
      if (known !== undefined) return known.endorsement;
      const current = rows.find(({ wrapped }) => wrapped !== null);
      const endorsement = current === undefined ? null : await this.endorsedBy(current);
      if (rows.length > 0)
        this.logger.info({ kid: this.kid, endorsed_by: endorsement && current?.kid }, 'a new signing key');
      await transaction.updateTable('audit_key').set({ wrapped: null, wrapped_kid: null }).execute();
      const secret = Buffer.from(this.key.d, 'base64url');
      const { jwe, kid: wrappedKid } = await this.ring.encrypt(secret, signingKeyContext(this.kid));
      await transaction
        .insertInto('audit_key')
        .values({
          kid: this.kid,
          x: this.key.x,
          wrapped: jwe,
          wrapped_kid: wrappedKid,
          endorsement,
          created_at: new Date(this.clock.now()),
        })
        .execute();
      return endorsement;
    });
  }

  /** Null if the previous key can't be decrypted: then auditors have to be told about the new one. */
  private async endorsedBy(row: Selectable<AuditKeyTable>): Promise<string | null> {
    try {
      const secret = await this.ring.decrypt(row.wrapped ?? '', signingKeyContext(row.kid));
      const d = Buffer.from(secret).toString('base64url');
      const before: SigningKey = { kty: 'OKP', crv: 'Ed25519', x: row.x, d };
      // With the endorsement of the previous key: it may never have signed a seal.
      const header = {
        alg: 'EdDSA',
        kid: row.kid,
        ...(row.endorsement === null ? {} : { endorsement: row.endorsement }),
      };
      return await sign(before, header, publicKey(this.kid, this.key.x));
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      this.logger.error({ kid: this.kid, before: row.kid }, 'the new signing key could not be endorsed');
      return null;
    }
  }
}

/** Where an encrypted signing key is stored. */
export function signingKeyContext(kid: string): string {
  return `audit-key ${kid}`;
}

async function sign(key: SigningKey, header: CompactJWSHeaderParameters, payload: object): Promise<string> {
  const { kty, crv, x, d } = key;
  const text = canonicalize(payload) ?? '';
  return new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader(header)
    .sign(await importJWK({ kty, crv, x, d }, 'EdDSA'));
}

function publicKey(kid: string, x: string): PublicSigningKey {
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}
