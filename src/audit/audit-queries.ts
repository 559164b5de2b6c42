import { Inject, Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import type { AuditEvent } from './audit-event.js';

/** What a page of the trail shows; times and ids bound it, everything else has to match. */
export interface AuditFilter {
  readonly tenantId: string;
  /** A `cus_` id; finds every event of the operations on this customer. */
  readonly customer?: string;
  /** A subject or a client. */
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly credentialVersion?: number;
  /** Top-level name of a field concerned. */
  readonly field?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  /** Only events before the one with this id. */
  readonly before?: string;
  /** Only events behind the one with this id. */
  readonly after?: string;
}

/** An event as it is stored, with where it stands in the sealed log. */
export interface StoredEvent {
  readonly event: AuditEvent;
  readonly seal: { readonly seal: number; readonly leaf_index: number } | null;
  /** The values behind its masks, encrypted. */
  readonly encryptedValues: string | null;
}

/** Reads the trail, one tenant's at a time. */
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

  /** Oldest first, those behind `after`. */
  listOldestFirst(filter: AuditFilter, after: string, limit: number): Promise<StoredRow[]> {
    return this.page({ ...filter, after }, limit, 'asc');
  }

  /** By its id; undefined for another tenant's. */
  async find(tenantId: string, id: string): Promise<StoredEvent | undefined> {
    const row = await this.rows()
      .where('tenant_id', '=', tenantId)
      .where('audit_event.id', '=', id)
      .executeTakeFirst();
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
   * All events of the patches that did anything after an event to a customer, or to one that they did not get to know;
   * oldest first, by the database's clock: ids have those of the instances.
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
   * The ids come first, as an array: nothing but an index look-up for each row is left to the planner. An actor is a
   * subject or a client, each with an index of its own; one `or` over both would walk through the whole trail for an
   * actor that did little.
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
      .leftJoin('audit_leaf as leaf', 'leaf.event_id', 'audit_event.id')
      .select([
        'audit_event.id',
        'audit_event.event',
        'audit_event.encrypted_values',
        'leaf.seal',
        'leaf.leaf_index',
      ]);
  }

  /** The ids of all that match, but for the actor. */
  private matching(filter: AuditFilter) {
    const { tenantId, customer, action, outcome, credentialVersion, field, from, to, before, after } = filter;
    let query = this.kysely
      .selectFrom('audit_event')
      .select('audit_event.id')
      .where('tenant_id', '=', tenantId);
    if (customer !== undefined) query = query.where(isAbout(tenantId, customer));
    if (action !== undefined) query = query.where('action', '=', action);
    if (outcome !== undefined) query = query.where('outcome', '=', outcome);
    if (credentialVersion !== undefined) query = query.where('credential_version', '=', credentialVersion);
    if (field !== undefined) query = query.where(sql<boolean>`${field} = any(fields)`);
    // An event's id begins with its time: bounds are parts of the index.
    if (from !== undefined) query = query.where('audit_event.id', '>=', firstIdOf(from));
    if (to !== undefined) query = query.where('audit_event.id', '<', firstIdOf(to));
    if (before !== undefined) query = query.where('audit_event.id', '<', before);
    if (after !== undefined) query = query.where('audit_event.id', '>', after);
    return query;
  }
}

type Order = 'asc' | 'desc';

/**
 * A patch by alias may learn the id with its answer: then its intent is found through its operation. The ids come
 * first, as an array: nothing but an index look-up for each is left to the planner.
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

/** The same for what callers only read: it takes no connection of a patch. */
@Injectable()
export class AuditQueriesForReaders extends AuditQueries {
  constructor({ readers }: Database) {
    super({ kysely: readers });
  }
}

/** The least UUIDv7 of a time (RFC 9562, section 5.7). */
function firstIdOf(at: Date): string {
  const time = Math.max(0, Math.min(at.getTime(), 2 ** 48 - 1))
    .toString(16)
    .padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** A row as it comes: the event's text is its RFC 8785 form. */
export interface StoredRow {
  readonly id: string;
  readonly event: string;
  readonly encrypted_values: string | null;
  readonly seal: number | null;
  readonly leaf_index: number | null;
}

export function toStoredEvent({
  event,
  encrypted_values: encryptedValues,
  seal,
  leaf_index,
}: StoredRow): StoredEvent {
  const place = seal === null || leaf_index === null ? null : { seal, leaf_index };
  return { event: parseEvent(event), seal: place, encryptedValues };
}

/** @throws Error for a row that `AuditWriter` did not write */
function parseEvent(text: string): AuditEvent {
  const event: unknown = JSON.parse(text);
  if (!isAuditEvent(event)) throw new Error('a row of audit_event holds no event');
  return event;
}

/** Rows are only ever inserted by `AuditWriter`, and never change: two members tell them from anything else. */
function isAuditEvent(value: unknown): value is AuditEvent {
  return typeof value === 'object' && value !== null && 'id' in value && 'phase' in value;
}
