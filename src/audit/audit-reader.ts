import { Injectable } from '@nestjs/common';
import { LogReader } from '../audit-log/log-reader.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { type Fault, refuseFaults, validationFailed } from '../http/problem.js';
import { slices, Turns } from '../runtime/turns.js';
import { AuditCursors } from './audit-cursors.js';
import type { AuditedRequest, AuditEvent, Change, Target } from './audit-event.js';
import { AuditExport, type Exported, type ExportedEvent } from './audit-export.js';
import type { AuditFilter } from './audit-filter.js';
import { AuditPages } from './audit-pages.js';
import { AuditQueriesForReaders, type StoredEvent } from './audit-queries.js';
import type { AuditQuery } from './audit-query.js';
import { AuditTrail } from './audit-trail.js';
import { ChangeValues } from './change-values.js';
import { CustomerAliases, targetOf } from './customer-aliases.js';
import type { Covered, ExportFormat } from './export-formats.js';

/** Events written in one turn: a few milliseconds of work. */
const SLICE = 100;

/** An event as readers get it. */
export type ShownEvent = AuditEvent & { readonly leaf_index: number | null };

export interface ShownPage {
  readonly data: readonly ShownEvent[];
  readonly next_cursor: string | null;
}

/** Reads the trail for callers and records the access: one event for each query or export, not for each page. */
@Injectable()
export class AuditReader {
  constructor(
    private readonly pages: AuditPages,
    private readonly events: AuditQueriesForReaders,
    private readonly exports: AuditExport,
    private readonly logs: LogReader,
    private readonly values: ChangeValues,
    private readonly aliases: CustomerAliases,
    private readonly trail: AuditTrail,
    private readonly cursors: AuditCursors,
    private readonly turns: Turns,
  ) {}

  /** @throws Problem validation-failed, audit-unavailable */
  async list(request: AuditedRequest, query: AuditQuery): Promise<ShownPage> {
    const { cursor, limit, clear } = query;
    refuseFaults(faultsOfAfterLeaf(query, undefined));
    const filter = await this.resolved(request, query);
    const { rows, stoppedAt } = await this.pages.list(filter, limit + 1).catch(trailUnavailable);
    const page = rows.slice(0, limit);
    const data = await this.shown(request, page, clear);
    const last = rows.length > limit ? page.at(-1)?.event.id : stoppedAt;
    if (cursor === undefined) await this.record(request, clear, 'audit.read', targetIn(filter), []);
    return { data, next_cursor: last === undefined ? null : this.cursors.write(request, query, last) };
  }

  /**
   * Undefined if the tenant has no such event.
   * @throws Problem audit-unavailable
   */
  async get(request: AuditedRequest, id: string, clear: boolean): Promise<ShownEvent | undefined> {
    const stored = await this.events.find(request.principal.tenant.id, id).catch(trailUnavailable);
    if (stored === undefined) return undefined;
    const [shown] = await this.shown(request, [stored], clear);
    await this.record(request, clear, 'audit.read', customerIn(stored.event), []);
    return shown;
  }

  /**
   * The lines of an export, page by page. The export is recorded before the first line is sent.
   * @throws Problem validation-failed, audit-unavailable
   */
  async export(
    request: AuditedRequest,
    query: AuditQuery,
    format: ExportFormat,
  ): Promise<AsyncGenerator<string>> {
    const filter = await this.resolved(request, query);
    const { tenantId } = filter;
    const log =
      format.ofLog && !query.filtered
        ? await this.exports.logOf(tenantId, (query.afterLeaf ?? -1) + 1).catch(trailUnavailable)
        : undefined;
    refuseFaults(faultsOfAfterLeaf(query, log?.to_leaf));
    const recorded = [{ field: 'format', after: format.name }];
    await this.record(request, query.clear, 'audit.exported', targetIn(filter), recorded);
    const pages = log === undefined ? this.exports.matching(filter) : this.exports.wholeLog(tenantId, log);
    const firstPage = await pages.next().catch(trailUnavailable);
    const covered = log ?? ({ origin: this.exports.originOf(tenantId), complete: false } as const);
    const lines = this.lines(query.clear, tenantId, format, covered, follow(firstPage, pages));
    // Before the answer begins as an attachment, an error can still be answered as a problem.
    return follow(await lines.next(), lines);
  }

  /** The filter of the page, with the customers that it names. */
  private async resolved(request: AuditedRequest, query: AuditQuery): Promise<AuditFilter> {
    const filter = this.fromCursor(request, query);
    const { tenantId, customer } = filter;
    if (customer === undefined) return filter;
    const customers = await this.aliases.customersOf(tenantId, customer).catch(trailUnavailable);
    return { ...filter, customers };
  }

  private fromCursor(request: AuditedRequest, query: AuditQuery): AuditFilter {
    const { filter, cursor } = query;
    if (cursor === undefined) return filter;
    const before = this.cursors.read(request, query, cursor);
    if (before !== undefined) return { ...filter, before };
    throw validationFailed([
      { parameter: 'cursor', code: 'not-cursor', detail: 'does not belong to this query and this caller' },
    ]);
  }

  private async *lines(
    clear: boolean,
    tenantId: string,
    format: ExportFormat,
    covered: Covered,
    pages: AsyncIterable<readonly Exported[]>,
  ): AsyncGenerator<string> {
    let events = 0;
    let text = format.head(covered);
    for await (const page of pages) {
      const rows = page.filter(isEvent).map(({ stored }) => stored);
      const revealed = clear
        ? await this.exports.revealed(tenantId, rows).catch(trailUnavailable)
        : NOTHING_REVEALED;
      events += rows.length;
      for (const slice of slices(page, SLICE)) {
        const lines = (): string[] =>
          slice.map((entry) =>
            isEvent(entry)
              ? format.event(entry, revealed.get(entry.stored.event.id))
              : format.pruned(entry.pruned),
          );
        text += (await this.turns.take(lines)).join('');
        if (text !== '') yield text;
        text = '';
      }
    }
    text += format.end(events);
    if (text !== '') yield text;
  }

  private async shown(
    request: AuditedRequest,
    stored: readonly StoredEvent[],
    clear: boolean,
  ): Promise<ShownEvent[]> {
    const events = clear
      ? await this.values.reveal(request.principal.tenant.id, stored).catch(trailUnavailable)
      : stored.map(({ event }) => event);
    const ids = events.map(({ id }) => id);
    const indexes = await this.logs.indexesOf(request.principal.tenant.id, ids).catch(trailUnavailable);
    return events.map((event) => inOrder(event, indexes.get(event.id) ?? null));
  }

  private async record(
    request: AuditedRequest,
    clear: boolean,
    action: 'audit.read' | 'audit.exported',
    target: Target | null,
    changes: readonly Change[],
  ): Promise<void> {
    const shown = clear ? [{ field: 'clear', after: true }] : [];
    const act = { action, target, status: 200, changes: [...changes, ...shown] };
    await this.trail.recordAccess(request, act).catch(trailUnavailable);
  }
}

/** What a reader asked about: the customer is known if the reference names only one. */
function targetIn({ customer, customers = [] }: AuditFilter): Target | null {
  if (customer === undefined) return null;
  const [only, ...others] = customers;
  return { ...targetOf(customer), customer_id: others.length === 0 ? (only ?? null) : null };
}

/** Only its id: an alias was masked when the event was made. */
function customerIn({ target }: AuditEvent): Target | null {
  const id = target?.customer_id ?? null;
  return id === null ? null : targetOf(id);
}

const NOTHING_REVEALED: ReadonlyMap<string, AuditEvent> = new Map();

async function* follow<Item>(
  first: IteratorResult<Item, unknown>,
  rest: AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

function isEvent(entry: Exported): entry is ExportedEvent {
  return 'stored' in entry;
}

/** @param size of the log; undefined if the export is not of a whole log */
function faultsOfAfterLeaf({ afterLeaf }: AuditQuery, size: number | undefined): Fault[] {
  if (afterLeaf === undefined || (size !== undefined && afterLeaf < size)) return [];
  const detail =
    size === undefined
      ? 'can only be used for an NDJSON export without filters'
      : `is beyond the newest checkpoint of the log, which has ${size} leaves`;
  return [{ parameter: 'after_leaf', code: 'out-of-range', detail }];
}

/** Fields in the order of the documentation; the stored text has the canonical order. */
function inOrder(event: AuditEvent, leaf_index: number | null): ShownEvent {
  const { id, operation_id, occurred_at, tenant_id, actor, origin, request_id, trace_id, ...what } = event;
  const { action, phase, target, outcome, status, upstream, credential, changes, ...rest } = what;
  return {
    id,
    operation_id,
    occurred_at,
    tenant_id,
    actor,
    origin,
    request_id,
    trace_id,
    action,
    phase,
    target,
    outcome,
    status,
    upstream,
    credential,
    changes,
    leaf_index,
    ...rest,
  };
}
