import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { canonicalize } from '../crypto/canonical.js';
import { CustomerCipher } from '../crypto/customer-cipher.js';
import type { DataKey } from '../crypto/data-key.js';
import { describeError, LOGGER } from '../http/logger.js';
import type { AuditedRequest, AuditEvent, Change } from './audit-event.js';
import type { StoredEvent } from './audit-queries.js';

/** The values of a change without masks; `before` is absent if the customer was not read. */
export interface ChangeValue {
  readonly field: string;
  readonly before?: unknown;
  readonly after?: unknown;
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

/** Bytes of a salt. */
const SALT = 16;

/**
 * As values are encrypted, which can't be compressed: without names. A value has the place of its change in the event,
 * and `before` is left out if it is absent.
 */
type Written = readonly (readonly [place: number, after: unknown, before?: unknown])[];

/**
 * The values behind the masks. An event has a commitment to each: HMAC-SHA-256 of its RFC 8785 form, keyed with a
 * salt. The values are stored next to the event, encrypted with the customer's key, and the salts are derived from that
 * key. So an auditor with the clear value and its salt can check it, nobody else can guess it, and all of it is lost
 * with the key.
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
    try {
      const key = await this.cipher.keyOf({ tenantId, customerId });
      if (key === undefined) return { changes };
      const encryptedValues = key.encrypt(JSON.stringify(written(changes, values)), placeOf(id));
      return { changes: committed(changes, values, saltsOf(id, changes, key)), encryptedValues };
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
  async open({ event, encryptedValues }: StoredEvent): Promise<readonly ChangeValue[] | undefined> {
    const customer_id = event.target?.customer_id ?? null;
    if (encryptedValues === null || customer_id === null) return undefined;
    const columns = { customer_id, own_key: null, encrypted: encryptedValues };
    const decrypted = await this.cipher.decrypt(event.tenant_id ?? '', placeOf(event.id), columns);
    return readValues(event, decrypted);
  }

  /**
   * The events of one tenant with `clear` in each change. `clear` is absent if no values are stored or they were
   * erased. One query for all of them.
   */
  async reveal(tenantId: string, rows: readonly StoredEvent[]): Promise<AuditEvent[]> {
    const encrypted = new Map(
      rows.flatMap(({ event, encryptedValues }) => {
        const customerId = event.target?.customer_id ?? null;
        if (encryptedValues === null || customerId === null) return [];
        return [[event.id, { customerId, place: placeOf(event.id), bytes: encryptedValues }] as const];
      }),
    );
    const decrypted = await this.cipher.decryptAll(tenantId, [...encrypted.values()]);
    const opened = new Map([...encrypted.keys()].map((id, n) => [id, decrypted[n]]));
    return rows.map(({ event }) => {
      const { key, value } = opened.get(event.id) ?? {};
      const values = readValues(event, value);
      if (key === undefined || values === undefined) return event;
      return { ...event, changes: revealed(event.changes, values, saltsOf(event.id, event.changes, key)) };
    });
  }
}

/** The salts of a change, in the order of the changes. */
interface Salts {
  readonly before: Buffer;
  readonly after: Buffer;
}

function saltsOf(eventId: string, changes: readonly Change[], key: DataKey): Salts[] {
  const bytes = key.derive(`salts of ${placeOf(eventId)}`, 2 * SALT * changes.length);
  return changes.map((_, n) => ({
    before: bytes.subarray(2 * SALT * n, 2 * SALT * n + SALT),
    after: bytes.subarray(2 * SALT * n + SALT, 2 * SALT * (n + 1)),
  }));
}

/**
 * A value that the event does not show has no commitment. The members of a change are in canonical order: then the
 * canonical form of its event costs half.
 */
function committed(
  changes: readonly Change[],
  values: readonly ChangeValue[],
  salts: readonly Salts[],
): Change[] {
  const byField = new Map(values.map((value) => [value.field, value]));
  return changes.map(({ field, before, after, effect }, n) => {
    const value = byField.get(field);
    const salt = salts[n];
    return {
      after,
      after_commitment: after === undefined ? after : commitment(value?.after, salt?.after),
      before,
      before_commitment: before === undefined ? before : commitment(value?.before, salt?.before),
      effect,
      field,
    };
  });
}

function commitment(value: unknown, salt: Buffer | undefined): string | undefined {
  if (value === undefined || salt === undefined) return undefined;
  return createHmac('sha256', salt)
    .update(canonicalize(value) ?? 'null')
    .digest('hex');
}

/** `clear` has the values and the salts of the commitments. */
function revealed(
  changes: readonly Change[],
  values: readonly ChangeValue[],
  salts: readonly Salts[],
): Change[] {
  const byField = new Map(values.map((value) => [value.field, value]));
  return changes.map((change, n) => {
    const value = byField.get(change.field);
    if (value === undefined) return change;
    const { before, after } = value;
    const salt = (side: keyof Salts): string | undefined => salts[n]?.[side].toString('base64url');
    return {
      ...change,
      clear: {
        ...(before === undefined ? {} : { before, before_salt: salt('before') }),
        ...(after === undefined ? {} : { after, after_salt: salt('after') }),
      },
    };
  });
}

function written(changes: readonly Change[], values: readonly ChangeValue[]): Written {
  return values.map(({ field, after, before }) => {
    const place = changes.findIndex((change) => change.field === field);
    return before === undefined ? [place, after] : [place, after, before];
  });
}

/** Undefined for anything that `commit` did not write. */
function readValues({ changes }: AuditEvent, value: unknown): ChangeValue[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((entry: unknown): ChangeValue[] => {
    const [place, after, before] = asList(entry);
    const change = typeof place === 'number' ? changes[place] : undefined;
    if (change === undefined) return [];
    return [{ field: change.field, after, ...(before === undefined ? {} : { before }) }];
  });
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function placeOf(eventId: string): string {
  return `audit-event ${eventId}`;
}
