import Negotiator from 'negotiator';
import type { AuditEvent } from './audit-event.js';
import type { DroppedLeaf, Exported } from './audit-export.js';
import { type StoredRow, toStoredEvent } from './audit-queries.js';
import { toOcsf } from './ocsf.js';

/** The end of an export. */
export interface Trailer {
  readonly log: string;
  readonly count: number;
  readonly complete: boolean;
}

/** An export format: how its rows and its end are written. */
export interface ExportFormat {
  readonly mediaType: string;
  /** Name of the format in the event of the export. */
  readonly name: string;
  readonly head: string;
  /** @param revealed the event with its clear values, for readers who may see them */
  readonly row: (row: StoredRow, revealed: AuditEvent | undefined) => string;
  readonly dropped: (leaf: DroppedLeaf) => string;
  /** @param seals the `jws` of all seals, page by page: there may be more than fit into memory */
  readonly trailer: (trailer: Trailer, seals: AsyncIterable<readonly string[]>) => AsyncIterable<string>;
}

const NDJSON: ExportFormat = {
  mediaType: 'application/x-ndjson',
  name: 'ndjson',
  head: '',
  row: (row, revealed) => {
    const { seal, leaf_index } = row;
    const place = seal === null ? 'null' : `{"seal":${seal},"leaf_index":${leaf_index ?? 0}}`;
    // The stored text unchanged: an auditor has to hash the same text.
    const text = revealed === undefined ? row.event : JSON.stringify(revealed);
    return `${text.slice(0, -1)},"seal":${place}}\n`;
  },
  dropped: (leaf) => `${JSON.stringify({ leaf })}\n`,
  trailer: async function* (trailer, seals) {
    yield `{"trailer":${JSON.stringify(trailer).slice(0, -1)},"seals":[`;
    let separator = '';
    for await (const page of seals) {
      if (page.length === 0) continue;
      yield separator + page.map((jws) => JSON.stringify(jws)).join(',');
      separator = ',';
    }
    yield ']}}\n';
  },
};

/** Only NDJSON has a last line that marks the end. */
async function* nothing(): AsyncGenerator<string> {}

type Cell = string | number | null | undefined;

const COLUMNS: readonly (readonly [name: string, value: (event: AuditEvent) => Cell])[] = [
  ['id', ({ id }): Cell => id],
  ['operation_id', ({ operation_id: id }): Cell => id],
  ['occurred_at', ({ occurred_at: at }): Cell => at],
  ['tenant_id', ({ tenant_id: id }): Cell => id],
  ['actor_type', ({ actor }): Cell => actor.type],
  ['actor_sub', ({ actor }): Cell => actor.sub],
  ['actor_client_id', ({ actor }): Cell => actor.client_id],
  ['ip', ({ origin }): Cell => origin.ip],
  ['user_agent', ({ origin }): Cell => origin.user_agent],
  ['request_id', ({ request_id: id }): Cell => id],
  ['trace_id', ({ trace_id: id }): Cell => id],
  ['action', ({ action }): Cell => action],
  ['phase', ({ phase }): Cell => phase],
  ['customer_ref', ({ target }): Cell => target?.ref],
  ['customer_id', ({ target }): Cell => target?.customer_id],
  ['outcome', ({ outcome }): Cell => outcome],
  ['status', ({ status }): Cell => status],
  ['upstream_status', ({ upstream }): Cell => upstream?.status],
  ['attempts', ({ upstream }): Cell => upstream?.attempts],
  ['credential_version', ({ credential }): Cell => credential?.version],
  ['problem', ({ problem }): Cell => problem],
  ['count', ({ count }): Cell => count],
  ['changes', ({ changes }): Cell => JSON.stringify(changes)],
];

const CSV: ExportFormat = {
  mediaType: 'text/csv',
  name: 'csv',
  head: `${[...COLUMNS.map(([name]) => name), 'seal', 'leaf_index'].join(',')}\r\n`,
  row: (row, revealed) => {
    const event = revealed ?? toStoredEvent(row).event;
    const values = [...COLUMNS.map(([, value]) => value(event)), row.seal, row.leaf_index];
    return `${values.map(cell).join(',')}\r\n`;
  },
  dropped: () => '',
  trailer: nothing,
};

/** RFC 4180. Text that a spreadsheet would read as a formula gets an apostrophe in front. */
function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = typeof value === 'string' && /^[\s]*[=+\-@\t\r|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const OCSF: ExportFormat = {
  mediaType: 'application/vnd.ocsf.api-activity+x-ndjson',
  name: 'ocsf',
  head: '',
  row: (row, revealed) => `${JSON.stringify(toOcsf(revealed ?? toStoredEvent(row).event))}\n`,
  dropped: () => '',
  trailer: nothing,
};

export const EXPORT_FORMATS: readonly ExportFormat[] = [NDJSON, CSV, OCSF];

/** Whether an entry is an event. */
export function isRow(entry: Exported): entry is StoredRow {
  return 'event' in entry;
}

/** Parameters of a media type, except its weight. They are ignored: our formats have none, and all are UTF-8. */
const PARAMETERS = /;(?!\s*q\s*=)[^;,="]*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^;,"]*))?/gi;

/** The export format that an `Accept` header prefers (RFC 9110, section 12.5.1); undefined if JSON is acceptable. */
export function formatFor(accept = '*/*'): ExportFormat | undefined {
  const offered = ['application/json', ...EXPORT_FORMATS.map(({ mediaType }) => mediaType)];
  const plain = accept.replace(PARAMETERS, '');
  const preferred = new Negotiator({ headers: { accept: plain } }).mediaType(offered);
  return EXPORT_FORMATS.find(({ mediaType }) => mediaType === preferred);
}
