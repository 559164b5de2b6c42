import { Inject, Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
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
import { type AuditFilter, boundsOf, conditionOf, isOf, waysOf } from './audit-filter.js';

/** A stored event. */
export interface StoredEvent {
  readonly event: AuditEvent;
  /** The values behind its masks, encrypted. */
  readonly encryptedValues: Uint8Array | null;
}

/** Some of the events that match, in their order. */
export interface FoundPage {
  readonly rows: readonly StoredEvent[];
  /** There are no more of them up to this event, and behind it nothing was looked at; absent if nothing is behind it. */
  readonly stoppedAt?: string;
}

/** Events of an index that a page looks at. */
const LOOK_AT = 10_000;

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

  /** Newest first. */
  list(filter: AuditFilter, limit: number): Promise<FoundPage> {
    return this.page(filter, limit, 'desc');
  }

  /** Oldest first, after `after`. */
  listOldestFirst(filter: AuditFilter, after: string, limit: number): Promise<FoundPage> {
    return this.page({ ...filter, after }, limit, 'asc');
  }

  /** The events with these ids, in any order. The bounds spare the other months. */
  async byIds(tenantId: string, ids: readonly string[], first: string, last: string): Promise<StoredEvent[]> {
    const rows = await this.rows()
      .where(isOf(tenantId))
      .where(sql<boolean>`audit_record.id = any(${ids}::uuid[])`)
      .where('audit_record.id', '>=', first)
      .where('audit_record.id', '<=', last)
      .execute();
    return rows.map(toStoredEvent);
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

  /**
   * The ids are selected first, as an array, so the planner can only look up each row by index. Each way is a range of
   * one index, and at most LOOK_AT events of it are looked at: no filter scans a whole trail.
   */
  private async page(filter: AuditFilter, limit: number, order: Order): Promise<FoundPage> {
    const { ways, bounded } = waysOf(filter);
    const ids = ways.map((way) => {
      const some = bounded ? sql`limit ${LOOK_AT}` : sql``;
      const range = sql`${rangeOf(filter, way, order)} ${some}`;
      return sql`(select id from (${range}) as looked_at where ${conditionOf(filter)} limit ${limit})`;
    });
    const found = await this.rows()
      .where(isOf(filter.tenantId))
      .where(sql<boolean>`audit_record.id = any(array(${sql.join(ids, sql` union `)}))`)
      .orderBy('audit_record.id', order)
      .limit(limit)
      .execute();
    const rows = found.map(toStoredEvent);
    const stoppedAt =
      bounded && rows.length < limit ? await this.lastLookedAt(filter, ways, order) : undefined;
    if (stoppedAt === undefined) return { rows };
    return {
      rows: rows.filter(({ event: { id } }) => id === stoppedAt || isBefore(id, stoppedAt, order)),
      stoppedAt,
    };
  }

  /** The first event at which a way had looked at all that it may; undefined if each came to its end. */
  private async lastLookedAt(
    filter: AuditFilter,
    ways: readonly RawBuilder<boolean>[],
    order: Order,
  ): Promise<string | undefined> {
    const last = ways.map(
      (way) => sql`(select id from (${rangeOf(filter, way, order)} offset ${LOOK_AT - 1} limit 1) as last)`,
    );
    const { rows } = await sql<{ id: string }>`${sql.join(last, sql` union `)}`.execute(this.kysely);
    return rows.map(({ id }) => id).sort((one, other) => (isBefore(one, other, order) ? -1 : 1))[0];
  }

  private rows() {
    return this.kysely.selectFrom('audit_record').select(EVENT_COLUMNS).select('encrypted_values');
  }
}

type Order = 'asc' | 'desc';

function rangeOf(filter: AuditFilter, way: RawBuilder<boolean>, order: Order): RawBuilder<unknown> {
  return sql`
    select id, action, phase, outcome, actor_sub, actor_client_id, credential_version, changes from audit_record
    where ${boundsOf(filter)} and ${way} order by id ${sql.raw(order)}`;
}

function isBefore(one: string, other: string, order: Order): boolean {
  return order === 'asc' ? one < other : one > other;
}

/** The same for reads by callers, on other connections than those of patches. */
@Injectable()
export class AuditQueriesForReaders extends AuditQueries {
  constructor({ readers }: Database, clock: Clock) {
    super({ kysely: readers }, clock);
  }
}

function toStoredEvent({
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
