import { createHmac, randomBytes } from 'node:crypto';
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
  readonly encryptedValues: string | null;
}

/** The scope that shows the values behind the masks. */
const CLEAR = 'audit:read:clear';

export function maySeeValues({ principal }: AuditedRequest): boolean {
  return principal.caller.scopes.includes(CLEAR);
}

/** Bytes of the salt of each value. */
const SALT = 16;

interface Salted {
  readonly value: unknown;
  /** Base64url. */
  readonly salt: string;
}

type Kept = Readonly<Record<string, { readonly before?: Salted; readonly after?: Salted }>>;

/**
 * The values behind the masks. An event has a commitment to each: HMAC-SHA-256 of its RFC 8785 form, keyed with a
 * salt. Value and salt are stored next to the event, encrypted with the customer's key. So an auditor with the clear
 * value and its salt can check it, nobody else can guess it, and all of it is lost with the key.
 */
@Injectable()
export class ChangeValues {
  constructor(
    private readonly cipher: CustomerCipher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Adds the commitments to an event and encrypts its values. Without a customer's id or key, no values and no
   * commitments are stored. Never fails: an outcome must be stored in any case.
   */
  async commit(
    event: AuditEvent,
    values: readonly ChangeValue[],
  ): Promise<{ readonly event: AuditEvent; readonly encryptedValues?: string }> {
    const customerId = event.target?.customer_id ?? null;
    if (event.tenant_id === null || customerId === null || values.length === 0) return { event };
    const salts = new Salts(values.length);
    const kept: Kept = Object.fromEntries(values.map((value) => [value.field, salted(value, salts)]));
    try {
      const owner = { tenantId: event.tenant_id, customerId };
      const { encrypted, own_key } = await this.cipher.encrypt(owner, placeOf(event.id), kept);
      if (own_key !== null) return { event };
      return {
        event: { ...event, changes: event.changes.map((change) => committed(change, kept)) },
        encryptedValues: encrypted,
      };
    } catch (error) {
      this.logger.warn(
        { event_id: event.id, error: describeError(error) },
        'the values of an event could not be stored',
      );
      return { event };
    }
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
        return [[event.id, { customerId, place: placeOf(event.id), jwe: encryptedValues }] as const];
      }),
    );
    const decrypted = await this.cipher.decryptAll(tenantId, [...encrypted.values()]);
    const kept = new Map([...encrypted.keys()].map((id, n) => [id, decrypted[n]]));
    return rows.map(({ event }) => {
      const values = kept.get(event.id);
      if (values === undefined) return event;
      return { ...event, changes: event.changes.map((change) => revealed(change, values)) };
    });
  }
}

/** Random salts for the changes of an event, two for each. One call for all of them costs a tenth. */
class Salts {
  private readonly bytes: Buffer;
  private used = 0;

  constructor(changes: number) {
    this.bytes = randomBytes(2 * SALT * changes);
  }

  next(): string {
    return this.bytes.toString('base64url', this.used, (this.used += SALT));
  }
}

function salted({ before, after }: ChangeValue, salts: Salts): Kept[string] {
  return {
    ...(before === undefined ? {} : { before: { value: before, salt: salts.next() } }),
    ...(after === undefined ? {} : { after: { value: after, salt: salts.next() } }),
  };
}

function committed(change: Change, kept: Kept): Change {
  const { before, after } = kept[change.field] ?? {};
  return {
    ...change,
    ...(before === undefined ? {} : { before_commitment: commitment(before) }),
    ...(after === undefined ? {} : { after_commitment: commitment(after) }),
  };
}

function commitment({ value, salt }: Salted): string {
  const key = Buffer.from(salt, 'base64url');
  return createHmac('sha256', key)
    .update(canonicalize(value) ?? 'null')
    .digest('hex');
}

/** `clear` has the values and the salts of the commitments. */
function revealed(change: Change, kept: unknown): Change {
  const values = membersOf(kept)[change.field];
  if (values === undefined) return change;
  const { before, after } = membersOf(values);
  const [from, to] = [membersOf(before), membersOf(after)];
  return {
    ...change,
    clear: {
      ...(before === undefined ? {} : { before: from['value'] ?? null, before_salt: from['salt'] }),
      ...(after === undefined ? {} : { after: to['value'] ?? null, after_salt: to['salt'] }),
    },
  };
}

function membersOf(value: unknown): Partial<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function placeOf(eventId: string): string {
  return `audit-event ${eventId}`;
}
