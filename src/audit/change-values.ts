import { createHmac, hash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { canonicalize } from '../crypto/canonical.js';
import type { Logger } from 'pino';
import { CustomerCipher } from '../crypto/customer-cipher.js';
import { describeError, LOGGER } from '../http/logger.js';
import type { AuditedRequest, AuditEvent, Change } from './audit-event.js';

/** The values of a change without masks; `before` is absent if the customer was not read. */
export interface ChangeValue {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** An event as stored: the values behind its masks are encrypted. */
export interface Masked {
  readonly event: AuditEvent;
  readonly encryptedValues: Uint8Array | null;
}

/** Changes with their commitments, and the values behind their masks, encrypted. */
export interface Committed {
  readonly changes: readonly Change[];
  /** Absent if the values can't be stored. */
  readonly encryptedValues?: Uint8Array;
}

/** The event of the changes. */
interface Place {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly customerId: string | null;
}

/** The scope that shows the values behind the masks. */
const CLEAR = 'audit:read:clear';

export function maySeeValues({ principal }: AuditedRequest): boolean {
  return principal.caller.scopes.includes(CLEAR);
}

/** Bytes of the secret of an event's salts, and of the salt of each value. */
const SECRET = 32;
const SALT = 16;

type Side = 'before' | 'after';

/** The values of one event. */
interface Kept {
  /** Base64url of the secret that the salts are derived from. */
  readonly secret: string;
  readonly values: readonly ChangeValue[];
}

/**
 * As they are encrypted, which can't be compressed: without names. A value has the place of its change in the event, and
 * `before` is left out if it is absent.
 */
type Written = readonly [
  secret: string,
  ...values: readonly (readonly [place: number, after: unknown, before?: unknown])[],
];

/**
 * The values behind the masks. An event has a commitment to each: HMAC-SHA-256 of its RFC 8785 form, keyed with a
 * salt. The values, and the secret of all their salts, are stored next to the event, encrypted with the customer's key.
 * So an auditor with the clear value and its salt can check it, nobody else can guess it, and all of it is lost with
 * the key.
 */
@Injectable()
export class ChangeValues {
  constructor(
    private readonly cipher: CustomerCipher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Adds the commitments to the changes of an event, and encrypts its values. Without a customer's id or key, no values
   * and no commitments are stored. Never fails: an outcome must be stored in any case.
   */
  async commit(
    { id, tenant_id: tenantId, customerId }: Place,
    changes: readonly Change[],
    values: readonly ChangeValue[],
  ): Promise<Committed> {
    if (tenantId === null || customerId === null || values.length === 0) return { changes };
    const kept: Kept = { secret: randomBytes(SECRET).toString('base64url'), values };
    try {
      const encryptedValues = await this.cipher.encryptForCustomer(
        { tenantId, customerId },
        placeOf(id),
        written(changes, kept),
      );
      if (encryptedValues === undefined) return { changes };
      return { changes: committed(changes, kept), encryptedValues };
    } catch (error) {
      this.logger.warn(
        { event_id: id, error: describeError(error) },
        'the values of an event could not be stored',
      );
      return { changes };
    }
  }

  /**
   * The values of one event; undefined if it has none, or this service did not store them.
   * @throws KeyDestroyed, Undecryptable
   */
  async open({ event, encryptedValues }: Masked): Promise<readonly ChangeValue[] | undefined> {
    const customer_id = event.target?.customer_id ?? null;
    if (encryptedValues === null || customer_id === null) return undefined;
    const columns = { customer_id, own_key: null, encrypted: encryptedValues };
    const decrypted = await this.cipher.decrypt(event.tenant_id ?? '', placeOf(event.id), columns);
    return readKept(event, decrypted)?.values;
  }

  /**
   * The events of one tenant with `clear` in each change. `clear` is absent if no values are stored or they were
   * erased. One query for all of them.
   */
  async reveal(tenantId: string, rows: readonly Masked[]): Promise<AuditEvent[]> {
    const encrypted = new Map(
      rows.flatMap(({ event, encryptedValues }) => {
        const customerId = event.target?.customer_id ?? null;
        if (encryptedValues === null || customerId === null) return [];
        return [[event.id, { customerId, place: placeOf(event.id), bytes: encryptedValues }] as const];
      }),
    );
    const decrypted = await this.cipher.decryptAll(tenantId, [...encrypted.values()]);
    const kept = new Map([...encrypted.keys()].map((id, n) => [id, decrypted[n]]));
    return rows.map(({ event }) => {
      const values = readKept(event, kept.get(event.id));
      return values === undefined ? event : { ...event, changes: revealed(event.changes, values) };
    });
  }
}

/**
 * A value that the event does not show has no commitment. The members of a change are in canonical order: then the
 * canonical form of its event costs half.
 */
function committed(changes: readonly Change[], { secret, values }: Kept): Change[] {
  const byField = new Map(values.map((value) => [value.field, value]));
  return changes.map(({ field, before, after, effect }) => {
    const value = byField.get(field);
    return {
      after,
      after_commitment: after === undefined ? after : commitment(value?.after, secret, 'after', field),
      before,
      before_commitment: before === undefined ? before : commitment(value?.before, secret, 'before', field),
      effect,
      field,
    };
  });
}

function commitment(value: unknown, secret: string, side: Side, field: string): string | undefined {
  if (value === undefined) return undefined;
  return createHmac('sha256', saltOf(secret, side, field))
    .update(canonicalize(value) ?? 'null')
    .digest('hex');
}

/**
 * The salt of one value, from the secret of its event. It shows nothing about the secret or another salt, because
 * SHA-256 can't be inverted, and half of it is not enough to continue it.
 */
function saltOf(secret: string, side: Side, field: string): Buffer {
  return hash('sha256', `${secret} ${side} ${field}`, 'buffer').subarray(0, SALT);
}

/** `clear` has the values and the salts of the commitments. */
function revealed(changes: readonly Change[], { secret, values }: Kept): Change[] {
  const byField = new Map(values.map((value) => [value.field, value]));
  return changes.map((change) => {
    const value = byField.get(change.field);
    if (value === undefined) return change;
    const { field, before, after } = value;
    const salt = (side: Side): string => saltOf(secret, side, field).toString('base64url');
    return {
      ...change,
      clear: {
        ...(before === undefined ? {} : { before, before_salt: salt('before') }),
        ...(after === undefined ? {} : { after, after_salt: salt('after') }),
      },
    };
  });
}

function written(changes: readonly Change[], { secret, values }: Kept): Written {
  const entries = values.map(({ field, after, before }) => {
    const place = changes.findIndex((change) => change.field === field);
    return before === undefined ? ([place, after] as const) : ([place, after, before] as const);
  });
  return [secret, ...entries];
}

/** Undefined for anything that `commit` did not write. */
function readKept({ changes }: AuditEvent, value: unknown): Kept | undefined {
  const [secret, ...entries] = asList(value);
  if (typeof secret !== 'string') return undefined;
  const values = entries.flatMap((entry: unknown): ChangeValue[] => {
    const [place, after, before] = asList(entry);
    const change = typeof place === 'number' ? changes[place] : undefined;
    if (change === undefined) return [];
    return [{ field: change.field, after, ...(before === undefined ? {} : { before }) }];
  });
  return { secret, values };
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function placeOf(eventId: string): string {
  return `audit-event ${eventId}`;
}
