import { Injectable } from '@nestjs/common';
import { LogKeys } from '../audit-log/log-keys.js';
import { LogReader } from '../audit-log/log-reader.js';
import type { Range } from '../audit-log/merkle.js';
import { Database } from '../database/database.js';
import type { AuditEvent } from './audit-event.js';
import { type AuditFilter, isOf } from './audit-filter.js';
import { AuditPages } from './audit-pages.js';
import type { StoredEvent } from './audit-queries.js';
import { ChangeValues } from './change-values.js';

/** Rows read at a time by a filter: an export never has more of them in memory. Leaves are read by the tile. */
const PAGE = 200;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** An event with its place in the log; null if it is not there yet. */
export interface ExportedEvent {
  readonly stored: StoredEvent;
  readonly leafIndex: number | null;
}

/** Leaves whose events retention has dropped. */
export interface PrunedLeaves {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** Roots of the largest aligned subtrees of the range, from the left, in base64. */
  readonly hashes: readonly string[];
}

export type Exported = ExportedEvent | { readonly pruned: PrunedLeaves };

/** What an export of the whole log covers, as in its first line. */
export interface ExportedLog {
  readonly origin: string;
  readonly from_leaf: number;
  /** Exclusive: the size in `checkpoint`. */
  readonly to_leaf: number;
  /** Null if the log is empty. */
  readonly checkpoint: string | null;
  /** The newest cosigned checkpoint, if witnesses have cosigned another one than `checkpoint`. */
  readonly witnessed_checkpoint?: string;
}

/** Reads a tenant's trail from its beginning, page by page. */
@Injectable()
export class AuditExport {
  constructor(
    private readonly database: Database,
    private readonly pages: AuditPages,
    private readonly logs: LogReader,
    private readonly keys: LogKeys,
    private readonly values: ChangeValues,
  ) {}

  /** The log up to its newest checkpoint. */
  async logOf(tenantId: string, fromLeaf: number): Promise<ExportedLog> {
    const newest = await this.logs.newest(tenantId);
    const cosigned = newest?.witnesses === 0 ? await this.logs.newestCosigned(tenantId) : undefined;
    return {
      origin: this.originOf(tenantId),
      from_leaf: fromLeaf,
      to_leaf: newest?.size ?? 0,
      checkpoint: newest?.note ?? null,
      ...(cosigned === undefined ? {} : { witnessed_checkpoint: cosigned.note }),
    };
  }

  originOf(tenantId: string): string {
    return this.keys.originOf(tenantId);
  }

  /** The rows with the values behind the masks, by the ids of the events. */
  async revealed(tenantId: string, rows: readonly StoredEvent[]): Promise<ReadonlyMap<string, AuditEvent>> {
    const events = await this.values.reveal(tenantId, rows);
    return new Map(events.map((event) => [event.id, event]));
  }

  /** The events that match, by their ids. */
  async *matching(filter: AuditFilter): AsyncGenerator<readonly Exported[]> {
    let after = FIRST_ID;
    for (;;) {
      const { rows, stoppedAt } = await this.pages.listOldestFirst(filter, after, PAGE);
      const ids = rows.map(({ event }) => event.id);
      const indexes = await this.logs.indexesOf(filter.tenantId, ids);
      if (rows.length > 0)
        yield rows.map((stored) => ({ stored, leafIndex: indexes.get(stored.event.id) ?? null }));
      const next = rows.length < PAGE ? stoppedAt : rows.at(-1)?.event.id;
      if (next === undefined) return;
      after = next;
    }
  }

  /** In the order of the log: events, and ranges of leaves whose events are gone. */
  async *wholeLog(
    tenantId: string,
    { from_leaf, to_leaf }: ExportedLog,
  ): AsyncGenerator<readonly Exported[]> {
    const start = await this.firstKept(tenantId, from_leaf, to_leaf);
    let gone: Range = { start: from_leaf, end: start };
    for await (const leaves of this.logs.leaves(tenantId, { start, end: to_leaf })) {
      const rows = await this.rowsOf(tenantId, leaves.ids);
      const page: Exported[] = [];
      for (const [n, id] of leaves.ids.entries()) {
        const [stored, leafIndex] = [rows.get(id), leaves.start + n];
        if (stored === undefined) {
          gone = { start: gone.end === leafIndex ? gone.start : leafIndex, end: leafIndex + 1 };
          continue;
        }
        page.push(...(await this.pruned(tenantId, gone)), { stored, leafIndex });
        gone = { start: leafIndex + 1, end: leafIndex + 1 };
      }
      if (page.length > 0) yield page;
    }
    yield this.pruned(tenantId, gone);
  }

  /** Everything before it is gone: retention drops the oldest months. So the ids of these leaves are not even read. */
  private async firstKept(tenantId: string, from: number, to: number): Promise<number> {
    const oldest = await this.database.readers
      .selectFrom('audit_record')
      .select('id')
      .where(isOf(tenantId))
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (oldest === undefined) return to;
    const first = (await this.logs.firstLeafNotBefore(tenantId, oldest.id)) ?? to;
    return Math.min(Math.max(first, from), to);
  }

  private async pruned(tenantId: string, range: Range): Promise<Exported[]> {
    if (range.start === range.end) return [];
    const hashes = await this.logs.hashesOf(tenantId, range);
    const encoded = hashes.map((hash) => hash.toString('base64'));
    return [{ pruned: { from: range.start, to: range.end, hashes: encoded } }];
  }

  private async rowsOf(tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredEvent>> {
    const sorted = ids.toSorted();
    const [first, last] = [sorted[0], sorted.at(-1)];
    if (first === undefined || last === undefined) return new Map();
    const rows = await this.pages.byIds(tenantId, ids, first, last);
    return new Map(rows.map((stored) => [stored.event.id, stored]));
  }
}
