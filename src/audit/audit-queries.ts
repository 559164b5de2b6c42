import { Inject, Injectable } from '@nestjs/common';
import type { Kysely } from 'kysely';
import { idsSince } from '../audit-log/event-ids.js';
import {
  EVENT_COLUMNS,
  eventOf as storedEventOf,
  type EventRow,
  type StorableEvent,
} from '../audit-log/stored-event.js';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Clock } from '../runtime/clock.js';
import type { AuditEvent } from './audit-event.js';
import { isOf } from './audit-filter.js';

/** A stored event. */
export interface StoredEvent {
  readonly event: AuditEvent;
  /** The values behind its masks, encrypted. */
  readonly encryptedValues: Uint8Array | null;
}

/** Reads the trail of one tenant. */
@Injectable()
export class AuditQueries {
  private readonly kysely: Kysely<Schema>;

  constructor(
    @Inject(Database) { kysely }: Pick<Database, 'kysely'>,
    private readonly clock: Clock,
  ) {
    this.kysely = kysely;
  }

  /** By its id; undefined if it belongs to another tenant. */
  async find(tenantId: string, id: string): Promise<StoredEvent | undefined> {
    const row = await this.rows().where(isOf(tenantId)).where('audit_record.id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : toStoredEvent(row);
  }

  /** Oldest first. */
  async ofOperation(tenantId: string, operationId: string): Promise<AuditEvent[]> {
    const [first, last] = idsSince(operationId, this.clock.now());
    const rows = await this.rows()
      .where('tenant_id', '=', tenantId)
      .where('operation_id', '=', operationId)
      .where('audit_record.id', '>=', first)
      .where('audit_record.id', '<', last)
      .orderBy('stored_at')
      .orderBy('audit_record.id')
      .execute();
    return rows.map(eventOf);
  }

  /**
   * All events of the patches that recorded something after the given event, about this customer or about a customer
   * with an unknown id. Oldest first by the database's clock, because ids have the time of the instances' clocks.
   */
  async patchesAfter(tenantId: string, customerId: string, eventId: string): Promise<AuditEvent[]> {
    const [first, last] = idsSince(eventId, this.clock.now());
    const rows = await this.rows()
      .where('tenant_id', '=', tenantId)
      .where('action', '=', 'customer.patch')
      .where('audit_record.id', '>=', first)
      .where('audit_record.id', '<', last)
      .where('operation_id', 'in', (later) =>
        later
          .selectFrom('audit_record')
          .select((event) => event.ref('operation_id').$notNull().as('operation_id'))
          .where('tenant_id', '=', tenantId)
          .where((of) => of.or([of('customer_id', '=', customerId), of('customer_id', 'is', null)]))
          .where('id', '>=', first)
          .where('id', '<', last)
          .where('stored_at', '>=', (intent) =>
            intent
              .selectFrom('audit_record')
              .select('stored_at')
              .where('tenant_id', '=', tenantId)
              .where('id', '=', eventId),
          )
          .where('action', '=', 'customer.patch'),
      )
      .orderBy('stored_at')
      .orderBy('audit_record.id')
      .execute();
    return rows.map(eventOf);
  }

  private rows() {
    return storedEvents(this.kysely);
  }
}

/** The rows of stored events, for `toStoredEvent`. */
export function storedEvents(kysely: Kysely<Schema>) {
  return kysely.selectFrom('audit_record').select(EVENT_COLUMNS).select('encrypted_values');
}

/** The same for reads by callers, on other connections than those of patches. */
@Injectable()
export class AuditQueriesForReaders extends AuditQueries {
  constructor({ readers }: Database, clock: Clock) {
    super({ kysely: readers }, clock);
  }
}

export function toStoredEvent({
  encrypted_values: encryptedValues,
  ...row
}: EventRow & { readonly encrypted_values: Uint8Array | null }): StoredEvent {
  return { event: eventOf(row), encryptedValues };
}

function eventOf(row: EventRow): AuditEvent {
  const event = storedEventOf(row);
  if (!isAuditEvent(event)) throw new Error('a row of audit_record is not an event');
  return event;
}

/** Only `AuditWriter` inserts rows, rows never change, and the database knows the actions. */
function isAuditEvent(event: StorableEvent): event is AuditEvent {
  return event.changes.every(({ field }) => typeof field === 'string');
}
