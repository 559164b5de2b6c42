import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sql, type Transaction } from 'kysely';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import { CHANNELS } from '../database/notifications.js';
import type { EncryptedColumns, Schema } from '../database/schema.js';
import { parseJson, writeJson } from '../http/exact-json.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Turns } from '../runtime/turns.js';
import { DataKey } from './data-key.js';
import { KeyRing, Undecryptable } from './key-ring.js';

/** Keys in the cache. When there are more, the least recently used one is removed. */
const MAX_HELD = 5_000;
/** Milliseconds after which a cached key is read again, even if it should be known to be destroyed. */
const HELD_FOR = 30_000;

/** Values decrypted in one turn: a few milliseconds of work. */
const SLICE = 25;

/** The owner of a value. `customerId` is null while it is not known. */
export interface Owner {
  readonly tenantId: string;
  readonly customerId: string | null;
}

/** A value encrypted with its customer's key. */
export interface EncryptedValue {
  readonly customerId: string;
  readonly place: string;
  readonly bytes: Uint8Array;
}

/** A decrypted value and its customer's key. */
export interface Decrypted {
  readonly value: unknown;
  readonly key: DataKey;
}

/** The customer's key was destroyed, so the value is lost. */
export class KeyDestroyed extends Error {
  override readonly name = 'KeyDestroyed';
}

/**
 * Encrypts the stored data of a customer with that customer's own key, so that destroying the key erases all of it.
 * Customers' keys are random and encrypted with ENCRYPTION_KEYS.
 */
@Injectable()
export class CustomerCipher {
  private readonly held = new Map<string, { readonly key: DataKey; readonly until: number }>();
  /** Grows whenever a key is destroyed: a key that was read before must not be cached after. */
  private destroyed = 0;

  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly turns: Turns,
  ) {
    database.notifications.subscribe(CHANNELS.customerKeyDestroyed, {
      heard: (payload) => {
        this.forgetKey(payload);
      },
      missed: () => {
        this.destroyed += 1;
        this.held.clear();
      },
    });
  }

  /** @param place where the value is stored; the value can't be decrypted at another place */
  async encrypt(owner: Owner, place: string, value: unknown): Promise<EncryptedColumns> {
    const text = writeJson(value);
    const customerKey = await this.keyOf(owner);
    if (customerKey !== undefined) {
      const encrypted = customerKey.encrypt(text, place);
      return { customer_id: owner.customerId, own_key: null, own_kid: null, encrypted };
    }
    const key = randomBytes(32);
    const { jwe: own_key, kid: own_kid } = await this.ring.encrypt(key, ownKeyContext(place));
    return { customer_id: null, own_key, own_kid, encrypted: new DataKey(key).encrypt(text, place) };
  }

  /**
   * The customer's key, to encrypt with at once. Undefined if the customer is not known, or the key can't be decrypted:
   * patches go on without it.
   */
  async keyOf({ tenantId, customerId }: Owner): Promise<DataKey | undefined> {
    if (customerId === null) return undefined;
    try {
      return (await this.find(tenantId, customerId)) ?? (await this.create(tenantId, customerId));
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      this.logger.error({ tenant_id: tenantId, customer_id: customerId }, error.message);
      return undefined;
    }
  }

  /**
   * Decrypts a value.
   * @throws KeyDestroyed; Undecryptable
   */
  async decrypt(
    tenantId: string,
    place: string,
    columns: Omit<EncryptedColumns, 'own_kid'>,
  ): Promise<unknown> {
    const { customer_id, own_key, encrypted } = columns;
    const key =
      own_key === null ? await this.load(tenantId, customer_id ?? '') : await this.unwrap(own_key, place);
    if (key === undefined) throw new KeyDestroyed(`the key of ${place} was destroyed`);
    return parseJson(key.decrypt(encrypted, place));
  }

  /**
   * Decrypts the values of many rows for readers, with one look-up of all their keys. Undefined where the key was
   * destroyed or does not decrypt the value.
   */
  async decryptAll(
    tenantId: string,
    encrypted: readonly EncryptedValue[],
  ): Promise<(Decrypted | undefined)[]> {
    const keys = await this.loadAll(tenantId, [...new Set(encrypted.map(({ customerId }) => customerId))]);
    return this.turns.map(encrypted, SLICE, (one) => openWithAny(keys, one));
  }

  /**
   * Destroys the customer's key, and so everything encrypted with it, on every instance when the transaction is committed.
   * After that call `forgetKey` with the result.
   */
  async destroyKey(transaction: Transaction<Schema>, tenantId: string, customerId: string): Promise<string> {
    await transaction
      .deleteFrom('customer_key')
      .where('tenant_id', '=', tenantId)
      .where('customer_id', '=', customerId)
      .execute();
    const name = nameOf(tenantId, customerId);
    await sql`select pg_notify(${CHANNELS.customerKeyDestroyed}, ${name})`.execute(transaction);
    return name;
  }

  /** Removes a destroyed key from the cache. */
  forgetKey(name: string): void {
    this.destroyed += 1;
    this.held.delete(name);
  }

  private async unwrap(ownKey: string, place: string): Promise<DataKey> {
    return new DataKey(await this.ring.decrypt(ownKey, ownKeyContext(place)));
  }

  private async find(tenantId: string, customerId: string): Promise<DataKey | undefined> {
    const name = nameOf(tenantId, customerId);
    const held = this.held.get(name);
    // Nothing is encrypted with a key that another instance may have destroyed unheard.
    const usable = this.database.notifications.complete && held !== undefined;
    if (usable && held.until > this.clock.monotonic()) return held.key;
    const { destroyed } = this;
    const key = await this.load(tenantId, customerId);
    if (key !== undefined && destroyed === this.destroyed) this.hold(name, key);
    return key;
  }

  /** Reads the key from the database, so that data erased a moment ago, on any instance, are not read again. */
  private async load(tenantId: string, customerId: string): Promise<DataKey | undefined> {
    const row = await this.database.kysely
      .selectFrom('customer_key')
      .select('wrapped')
      .where('tenant_id', '=', tenantId)
      .where('customer_id', '=', customerId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return this.unwrapCustomerKey(tenantId, customerId, row.wrapped);
  }

  private async loadAll(tenantId: string, customerIds: string[]): Promise<Map<string, DataKey>> {
    if (customerIds.length === 0) return new Map();
    const rows = await this.database.readers
      .selectFrom('customer_key')
      .select(['customer_id', 'wrapped'])
      .where('tenant_id', '=', tenantId)
      .where('customer_id', 'in', customerIds)
      .execute();
    const keys = rows.map(({ customer_id: id, wrapped }) => {
      const key = ifDecryptable(() => this.ring.open(wrapped, customerKeyContext(tenantId, id)));
      return key === undefined ? [] : [[id, new DataKey(key)] as const];
    });
    return new Map(keys.flat());
  }

  private async unwrapCustomerKey(tenantId: string, customerId: string, wrapped: string): Promise<DataKey> {
    return new DataKey(await this.ring.decrypt(wrapped, customerKeyContext(tenantId, customerId)));
  }

  /** Another instance may do the same at this moment. Every instance uses the key of the first. */
  private async create(tenantId: string, customerId: string): Promise<DataKey> {
    const { destroyed } = this;
    const key = randomBytes(32);
    const { jwe, kid } = await this.ring.encrypt(key, customerKeyContext(tenantId, customerId));
    const inserted = await this.database.kysely
      .insertInto('customer_key')
      .values({
        tenant_id: tenantId,
        customer_id: customerId,
        wrapped: jwe,
        kid,
        created_at: new Date(this.clock.now()),
      })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'customer_id']).doNothing())
      .returning('kid')
      .execute();
    const used = inserted.length > 0 ? new DataKey(key) : await this.find(tenantId, customerId);
    if (used === undefined) throw new KeyDestroyed('the key was destroyed while it was made');
    if (destroyed === this.destroyed) this.hold(nameOf(tenantId, customerId), used);
    return used;
  }

  private hold(name: string, key: DataKey): void {
    this.held.delete(name);
    this.held.set(name, { key, until: this.clock.monotonic() + HELD_FOR });
    const [oldest] = this.held.keys();
    if (this.held.size > MAX_HELD && oldest !== undefined) this.held.delete(oldest);
  }
}

function openWithAny(
  keys: ReadonlyMap<string, DataKey>,
  { customerId, place, bytes }: EncryptedValue,
): Decrypted | undefined {
  const key = keys.get(customerId);
  return (
    key &&
    ifDecryptable(() => {
      const value: unknown = JSON.parse(key.decrypt(bytes, place));
      return { value, key };
    })
  );
}

function ifDecryptable<Value>(open: () => Value): Value | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof Undecryptable) return undefined;
    throw error;
  }
}

function nameOf(tenantId: string, customerId: string): string {
  return `${tenantId} ${customerId}`;
}

/** Where a customer's encrypted key is stored. */
export function customerKeyContext(tenantId: string, customerId: string): string {
  return `customer-key ${nameOf(tenantId, customerId)}`;
}

/** Where the own key of a value is stored. */
export function ownKeyContext(place: string): string {
  return `own-key ${place}`;
}
