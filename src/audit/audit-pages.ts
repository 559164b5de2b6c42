import { Injectable } from '@nestjs/common';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Turns } from '../runtime/turns.js';
import { type AuditFilter, boundsOf, conditionOf, isOf, waysOf } from './audit-filter.js';
import { type StoredEvent, storedEvents, toStoredEvent } from './audit-queries.js';

/** Some of the events that match, in their order. */
export interface FoundPage {
  readonly rows: readonly StoredEvent[];
  /** There are no more of them up to this event, and behind it nothing was looked at; absent if nothing is behind it. */
  readonly stoppedAt?: string;
}

/** Events of an index that a page looks at. */
const LOOK_AT = 10_000;

/** Rows made into events in one turn: a few milliseconds of work. */
const SLICE = 50;

/** Reads the trail of one tenant by the page, for readers: on their connections, and in turns. */
@Injectable()
export class AuditPages {
  private readonly kysely: Kysely<Schema>;

  constructor(
    { readers }: Database,
    private readonly turns: Turns,
  ) {
    this.kysely = readers;
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
    await this.turns.calm();
    const rows = await storedEvents(this.kysely)
      .where(isOf(tenantId))
      .where(sql<boolean>`audit_record.id = any(${ids}::uuid[])`)
      .where('audit_record.id', '>=', first)
      .where('audit_record.id', '<=', last)
      .execute();
    return this.turns.map(rows, SLICE, toStoredEvent);
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
    await this.turns.calm();
    const found = await storedEvents(this.kysely)
      .where(isOf(filter.tenantId))
      .where(sql<boolean>`audit_record.id = any(array(${sql.join(ids, sql` union `)}))`)
      .orderBy('audit_record.id', order)
      .limit(limit)
      .execute();
    const rows = await this.turns.map(found, SLICE, toStoredEvent);
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
