import Negotiator from 'negotiator';
import { textOf } from '../audit-log/stored-event.js';
import type { AuditEvent, Change } from './audit-event.js';
import type { ExportedEvent, ExportedLog, PrunedLeaves } from './audit-export.js';
import { toOcsf } from './ocsf.js';

/** What an export is of: a whole log, or the events of a log that match a filter. */
export type Covered = ExportedLog | { readonly origin: string; readonly complete: false };

/** An export format: how its beginning, its events and its end are written. */
export interface ExportFormat {
  readonly mediaType: string;
  /** Of the file, without its tenant. */
  readonly extension: string;
  /** Name of the format in the event of the export. */
  readonly name: string;
  /** Whether it can be of a whole log, which proves that nothing is missing. */
  readonly ofLog: boolean;
  readonly head: (covered: Covered) => string;
  /** @param revealed the event with its clear values, for readers who may see them */
  readonly event: (event: ExportedEvent, revealed: AuditEvent | undefined) => string;
  readonly pruned: (leaves: PrunedLeaves) => string;
  readonly end: (events: number) => string;
}

const NDJSON: ExportFormat = {
  mediaType: 'application/x-ndjson',
  extension: 'ndjson',
  name: 'ndjson',
  ofLog: true,
  head: (covered) => `${JSON.stringify({ export: covered })}\n`,
  event: ({ stored, leafIndex }, revealed) => {
    // An auditor has to hash the same text.
    const text = revealed === undefined ? textOf(stored.event) : JSON.stringify(revealed);
    return `${text.slice(0, -1)},"leaf_index":${leafIndex ?? 'null'}}\n`;
  },
  pruned: (pruned) => `${JSON.stringify({ pruned })}\n`,
  end: (events) => `${JSON.stringify({ end: { events } })}\n`,
};

const nothing = (): string => '';

type Cell = string | number | null | undefined;

/** One row of the CSV: an event, and one of its changes. */
interface Row {
  readonly event: AuditEvent;
  readonly change: Change | undefined;
  readonly leafIndex: number | null;
}

const COLUMNS: readonly (readonly [name: string, value: (row: Row) => Cell])[] = [
  ['operation_id', ({ event }): Cell => event.operation_id],
  ['occurred_at', ({ event }): Cell => event.occurred_at],
  ['actor', ({ event }): Cell => event.actor.sub],
  ['client', ({ event }): Cell => event.actor.client_id],
  ['customer', ({ event: { target } }): Cell => target?.customer_id ?? target?.ref],
  ['action', ({ event }): Cell => event.action],
  ['phase', ({ event }): Cell => event.phase],
  ['outcome', ({ event }): Cell => event.outcome],
  ['field', ({ change }): Cell => change?.field],
  ['before', ({ change }): Cell => valueOf(change, 'before')],
  ['after', ({ change }): Cell => valueOf(change, 'after')],
  ['effect', ({ change }): Cell => change?.effect],
  ['status', ({ event }): Cell => event.status],
  ['problem', ({ event }): Cell => event.problem],
  ['count', ({ event }): Cell => event.count],
  ['credential_version', ({ event }): Cell => event.credential?.version],
  ['upstream_status', ({ event }): Cell => event.upstream?.status],
  ['attempts', ({ event }): Cell => event.upstream?.attempts],
  ['actor_type', ({ event }): Cell => event.actor.type],
  ['ip', ({ event }): Cell => event.origin.ip],
  ['user_agent', ({ event }): Cell => event.origin.user_agent],
  ['tenant_id', ({ event }): Cell => event.tenant_id],
  ['request_id', ({ event }): Cell => event.request_id],
  ['trace_id', ({ event }): Cell => event.trace_id],
  ['event_id', ({ event }): Cell => event.id],
  ['leaf_index', ({ leafIndex }): Cell => leafIndex],
  ['reverts', ({ event }): Cell => event.reverts],
  ['act', ({ event }): Cell => event.actor.act && JSON.stringify(event.actor.act)],
];

/** Without it a spreadsheet takes the text for the old encoding of its system. */
const BYTE_ORDER_MARK = '\uFEFF';

/** One row for each field of a change; one row for an event without changes. */
const CSV: ExportFormat = {
  mediaType: 'text/csv',
  extension: 'csv',
  name: 'csv',
  ofLog: false,
  head: () => `${BYTE_ORDER_MARK}${COLUMNS.map(([name]) => name).join(',')}\r\n`,
  event: ({ stored, leafIndex }, revealed) => {
    const event = revealed ?? stored.event;
    const changes = event.changes.length === 0 ? [undefined] : event.changes;
    const lines = changes.map((change) =>
      COLUMNS.map(([, value]) => cell(value({ event, change, leafIndex }))),
    );
    return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
  },
  pruned: nothing,
  end: nothing,
};

/** The value of a change: the one behind the mask, if it is shown. Text as it is, anything else as JSON. */
function valueOf(change: Change | undefined, side: 'before' | 'after'): Cell {
  const clear: Partial<Record<string, unknown>> = { ...change?.clear };
  const value = side in clear ? clear[side] : change?.[side];
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** RFC 4180. Text that a spreadsheet would read as a formula gets an apostrophe in front. */
function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Also with full-width signs, which spreadsheets read alike. */
const FORMULA = /^[\s]*[=+\-@\t\r|%\uFF1D\uFF0B\uFF0D\uFF20]/;

const OCSF: ExportFormat = {
  mediaType: 'application/vnd.ocsf.api-activity+x-ndjson',
  extension: 'ocsf.ndjson',
  name: 'ocsf',
  ofLog: false,
  head: nothing,
  event: ({ stored, leafIndex }, revealed) =>
    `${JSON.stringify(toOcsf(revealed ?? stored.event, leafIndex))}\n`,
  pruned: nothing,
  end: nothing,
};

export const EXPORT_FORMATS: readonly ExportFormat[] = [NDJSON, CSV, OCSF];

/** Parameters of a media type, except its weight. They are ignored: our formats have none, and all are UTF-8. */
const PARAMETERS = /;(?!\s*q\s*=)[^;,="]*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^;,"]*))?/gi;

/** The export format that an `Accept` header prefers (RFC 9110, section 12.5.1); undefined if JSON is acceptable. */
export function formatFor(accept = '*/*'): ExportFormat | undefined {
  const offered = ['application/json', ...EXPORT_FORMATS.map(({ mediaType }) => mediaType)];
  const plain = accept.replace(PARAMETERS, '');
  const preferred = new Negotiator({ headers: { accept: plain } }).mediaType(offered);
  return EXPORT_FORMATS.find(({ mediaType }) => mediaType === preferred);
}
