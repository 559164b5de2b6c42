import { Inject, Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { PLATFORM } from '../tenants/tenant.js';
import type { AuditEvent } from './audit-event.js';

/** The filters of a page. Times and ids are bounds; everything else has to be equal. */
export interface AuditFilter {
  readonly tenantId: string;
  /** A `cus_` id; finds every event of the operations on this customer. */
  readonly customer?: string;
  /** A subject or a client. */
  readonly actor?: string;
  readonly action?: string;
  readonly phase?: string;
  readonly outcome?: string;
  /** Of a changed field; if `field` is given, of that one. */
  readonly effect?: string;
  readonly credentialVersion?: number;
  /** Top-level name of a changed field. */
  readonly field?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  /** Only events before the one with this id. */
  readonly before?: string;
  /** Only events after the one with this id. */
  readonly after?: string;
}

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

  constructor(@Inject(Database) { kysely }: Pick<Database, 'kysely'>) {
    this.kysely = kysely;
  }

  /** Newest first. */
  async list(filter: AuditFilter, limit: number): Promise<StoredEvent[]> {
    const rows = await this.page(filter, limit, 'desc');
    return rows.map(toStoredEvent);
  }

  /** Oldest first, after `after`. */
  listOldestFirst(filter: AuditFilter, after: string, limit: number): Promise<StoredRow[]> {
    return this.page({ ...filter, after }, limit, 'asc');
  }

  /** The events with these ids, in any order. The bounds spare the other months. */
  byIds(tenantId: string, ids: readonly string[], first: string, last: string): Promise<StoredRow[]> {
    return this.rows()
      .where(isOf(tenantId))
      .where(sql<boolean>`audit_event.id = any(${ids}::uuid[])`)
      .where('audit_event.id', '>=', first)
      .where('audit_event.id', '<=', last)
      .execute();
  }

  /** By its id; undefined if it belongs to another tenant. */
  async find(tenantId: string, id: string): Promise<StoredEvent | undefined> {
    const row = await this.rows().where(isOf(tenantId)).where('audit_event.id', '=', id).executeTakeFirst();
    return row === undefined ? undefined : toStoredEvent(row);
  }

  /** Oldest first. */
  async ofOperation(tenantId: string, operationId: string): Promise<AuditEvent[]> {
    const rows = await this.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId)
      .where('operation_id', '=', operationId)
      .orderBy('stored_at')
      .orderBy('id')
      .execute();
    return rows.map(({ event }) => parseEvent(event));
  }

  /**
   * All events of the patches that recorded something after the given event, about this customer or about a customer
   * with an unknown id. Oldest first by the database's clock, because ids have the time of the instances' clocks.
   */
  async patchesAfter(tenantId: string, customerId: string, eventId: string): Promise<AuditEvent[]> {
    const rows = await this.kysely
      .selectFrom('audit_event')
      .select('event')
      .where('tenant_id', '=', tenantId)
      .where('action', '=', 'customer.patch')
      .where('operation_id', 'in', (later) =>
        later
          .selectFrom('audit_event')
          .select((event) => event.ref('operation_id').$notNull().as('operation_id'))
          .where('tenant_id', '=', tenantId)
          .where((of) => of.or([of('customer_id', '=', customerId), of('customer_id', 'is', null)]))
          .where('stored_at', '>=', (intent) =>
            intent.selectFrom('audit_event').select('stored_at').where('id', '=', eventId),
          )
          .where('action', '=', 'customer.patch'),
      )
      .orderBy('stored_at')
      .orderBy('id')
      .execute();
    return rows.map(({ event }) => parseEvent(event));
  }

  /**
   * The ids are selected first, as an array, so the planner can only look up each row by index. An actor is a subject
   * or a client, each with its own index. One `or` over both would scan the whole trail for an actor with few events.
   */
  private page(filter: AuditFilter, limit: number, order: Order): Promise<StoredRow[]> {
    const { actor } = filter;
    const ways =
      actor === undefined
        ? [this.matching(filter)]
        : (['actor_sub', 'actor_client_id'] as const).map((as) =>
            this.matching(filter).where(as, '=', actor),
          );
    const ids = ways.map((way) => sql`(${way.orderBy('id', order).limit(limit)})`);
    return this.rows()
      .where(sql<boolean>`audit_event.id = any(array(${sql.join(ids, sql` union `)}))`)
      .orderBy('audit_event.id', order)
      .limit(limit)
      .execute();
  }

  private rows() {
    return this.kysely
      .selectFrom('audit_event')
      .select(['audit_event.id', 'audit_event.event', 'audit_event.encrypted_values']);
  }

  /** The ids of all events that match the filter, except the actor. */
  private matching(filter: AuditFilter) {
    const { tenantId, customer, action, phase, outcome, effect, credentialVersion, field } = filter;
    const { from, to, before, after } = filter;
    let query = this.kysely.selectFrom('audit_event').select('audit_event.id').where(isOf(tenantId));
    if (customer !== undefined) query = query.where(isAbout(tenantId, customer));
    if (action !== undefined) query = query.where('action', '=', action);
    if (outcome !== undefined) query = query.where('outcome', '=', outcome);
    if (credentialVersion !== undefined) query = query.where('credential_version', '=', credentialVersion);
    if (phase !== undefined) query = query.where('phase', '=', phase);
    if (field !== undefined) query = query.where(sql<boolean>`${field} = any(fields)`);
    if (effect !== undefined) query = query.where(hasEffect(effect, field));
    // An event's id begins with its time, so times are bounds of the index.
    if (from !== undefined) query = query.where('audit_event.id', '>=', firstIdOf(from));
    if (to !== undefined) query = query.where('audit_event.id', '<', firstIdOf(to));
    if (before !== undefined) query = query.where('audit_event.id', '<', before);
    if (after !== undefined) query = query.where('audit_event.id', '>', after);
    return query;
  }
}

type Order = 'asc' | 'desc';

/**
 * In the RFC 8785 text of an event, `effect` comes right before `field` in each change, and no text value can look
 * like this, because its quotation marks are escaped.
 */
function hasEffect(effect: string, field?: string): RawBuilder<boolean> {
  const members = `"effect":"${effect}"${field === undefined ? '' : `,"field":"${field}"`}`;
  return sql<boolean>`strpos(event, ${members}) > 0`;
}

/**
 * A patch by alias may learn the customer's id only from the answer. Then its intent is found through its operation.
 * The ids are selected first, as an array, so the planner can only look up each row by index.
 */
function isAbout(tenantId: string, customer: string): RawBuilder<boolean> {
  return sql<boolean>`audit_event.id = any(array(
    select id from audit_event where tenant_id = ${tenantId} and customer_id = ${customer}
    union all
    select unknown.id from audit_event as known
    join audit_event as unknown on unknown.operation_id = known.operation_id
    where known.tenant_id = ${tenantId} and known.customer_id = ${customer}
      and unknown.tenant_id = ${tenantId} and unknown.customer_id is null
  ))`;
}

/** The events of a tenant, or those without one. */
export function isOf(tenantId: string): RawBuilder<boolean> {
  return tenantId === PLATFORM.id ? sql<boolean>`tenant_id is null` : sql<boolean>`tenant_id = ${tenantId}`;
}

/** The same for reads by callers, on other connections than those of patches. */
@Injectable()
export class AuditQueriesForReaders extends AuditQueries {
  constructor({ readers }: Database) {
    super({ kysely: readers });
  }
}

/** The lowest UUIDv7 of a time (RFC 9562, section 5.7). */
function firstIdOf(at: Date): string {
  const time = Math.max(0, Math.min(at.getTime(), 2 ** 48 - 1))
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** A row as stored: the event's text is its RFC 8785 form. */
export interface StoredRow {
  readonly id: string;
  readonly event: string;
  readonly encrypted_values: Uint8Array | null;
}

export function toStoredEvent({ event, encrypted_values: encryptedValues }: StoredRow): StoredEvent {
  return { event: parseEvent(event), encryptedValues };
}

/** @throws Error for a row that `AuditWriter` did not write */
function parseEvent(text: string): AuditEvent {
  const event: unknown = JSON.parse(text);
  if (!isAuditEvent(event)) throw new Error('a row of audit_event is not an event');
  return event;
}

/** Only `AuditWriter` inserts rows, and rows never change. So two fields identify an event. */
function isAuditEvent(value: unknown): value is AuditEvent {
  return typeof value === 'object' && value !== null && 'id' in value && 'phase' in value;
}
