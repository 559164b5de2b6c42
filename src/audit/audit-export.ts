import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database/database.js';
import { SealStore } from '../sealing/seal-store.js';
import type { AuditEvent } from './audit-event.js';
import { type AuditFilter, AuditQueriesForReaders, type StoredRow, toStoredEvent } from './audit-queries.js';
import { ChangeValues } from './change-values.js';

/** Rows read at a time: an export never has more of them in memory. */
const PAGE = 100;
/** Events checked in one statement. */
const SCANNED = 20_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** One entry of an export: an event, or the leaf of an event that retention has dropped. */
export type Exported = StoredRow | DroppedLeaf;

export interface DroppedLeaf {
  readonly log: string;
  readonly leaf_index: number;
  readonly leaf_hash: string;
  /** Its time shows the month: retention drops whole months. */
  readonly event_id: string;
}

/** The sealed part of a log: the number of its leaves and of its seals. */
export interface SealedUpTo {
  readonly size: number;
  readonly seals: number;
}

export interface ExportOptions {
  readonly filter: AuditFilter;
  /** Whether the filter matches every event: then the export can be verified as a whole. */
  readonly complete: boolean;
  readonly sealed: SealedUpTo;
}

/** Reads a tenant's trail from its beginning, page by page. */
@Injectable()
export class AuditExport {
  constructor(
    private readonly database: Database,
    private readonly store: AuditQueriesForReaders,
    private readonly seals: SealStore,
    private readonly values: ChangeValues,
  ) {}

  pages({ filter, complete, sealed }: ExportOptions): AsyncGenerator<readonly Exported[]> {
    return complete ? this.wholeLog(filter.tenantId, sealed.size) : this.matching(filter);
  }

  /** The sealed part of the log now. Events sealed during the export count as unsealed. */
  async sealedUpTo(log: string): Promise<SealedUpTo> {
    const state = await this.database.readers
      .selectFrom('audit_log')
      .select(['tree_size', 'seal'])
      .where('log', '=', log)
      .executeTakeFirst();
    return { size: state?.tree_size ?? 0, seals: state?.seal ?? 0 };
  }

  /** The `jws` of the first `count` seals, oldest first, page by page. */
  async *sealsOf(log: string, count: number): AsyncGenerator<readonly string[]> {
    for (let after = 0; after < count; after += PAGE) {
      const seals = await this.seals.list(log, after, Math.min(PAGE, count - after));
      yield seals.map(({ jws }) => jws);
    }
  }

  /** The rows with the values behind the masks, by the ids of the events. */
  async revealed(tenantId: string, rows: readonly StoredRow[]): Promise<ReadonlyMap<string, AuditEvent>> {
    const events = await this.values.reveal(tenantId, rows.map(toStoredEvent));
    return new Map(events.map((event) => [event.id, event]));
  }

  private async *matching(filter: AuditFilter): AsyncGenerator<readonly Exported[]> {
    let after = FIRST_ID;
    for (;;) {
      const rows = await this.store.listOldestFirst(filter, after, PAGE);
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = last.id;
    }
  }

  /** In the order of the log; then the events that no seal covered when the export began. */
  private async *wholeLog(log: string, size: number): AsyncGenerator<readonly Exported[]> {
    for (let start = 0; start < size; start += PAGE)
      yield await this.leaves(log, start, Math.min(start + PAGE, size));
    let after: string | undefined = FIRST_ID;
    while (after !== undefined) {
      const { rows, last } = await this.unsealed(log, after, size);
      for (let start = 0; start < rows.length; start += PAGE) yield rows.slice(start, start + PAGE);
      after = last;
    }
  }

  private async leaves(log: string, start: number, end: number): Promise<readonly Exported[]> {
    const rows = await this.database.readers
      .selectFrom('audit_leaf as leaf')
      .leftJoin('audit_event', 'audit_event.id', 'leaf.event_id')
      .select(['leaf.event_id', 'leaf.leaf_hash', 'leaf.leaf_index', 'leaf.seal'])
      .select(['audit_event.event', 'audit_event.encrypted_values'])
      .where('leaf.log', '=', log)
      .where('leaf.leaf_index', '>=', start)
      .where('leaf.leaf_index', '<', end)
      .orderBy('leaf.leaf_index')
      .execute();
    return rows.map(({ event_id: id, event, encrypted_values, leaf_hash, leaf_index, seal }) =>
      event === null
        ? { log, leaf_index, leaf_hash, event_id: id }
        : { id, event, encrypted_values, seal, leaf_index },
    );
  }

  /**
   * The next events that are not among the first `size` leaves. This includes events that nobody will ever seal, so
   * every event is checked, many at a time.
   */
  private async unsealed(
    log: string,
    after: string,
    size: number,
  ): Promise<{ readonly rows: readonly StoredRow[]; readonly last: string | undefined }> {
    const { rows } = await sql<StoredRow & { readonly sealed: boolean }>`
      with next as (
        select id from audit_event where tenant_id = ${log} and id > ${after}::uuid order by id limit ${SCANNED}
      ), marked as (
        select id, exists (
          select from audit_leaf as leaf where leaf.event_id = next.id and leaf.leaf_index < ${size}
        ) as sealed from next
      )
      select id, event, encrypted_values, null as seal, null as leaf_index, sealed from marked join audit_event using (id)
      where not sealed or id = (select id from next order by id desc limit 1)
      order by id`.execute(this.database.readers);
    return { rows: rows.filter(({ sealed }) => !sealed), last: rows.at(-1)?.id };
  }
}
