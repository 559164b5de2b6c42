import type { Ids } from '../runtime/ids.js';
import type { RemoteParent } from '../runtime/tracing.js';

/** The trace of a request (W3C Trace Context, level 1). */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Two hex digits, as the caller sent them; `00` for a new trace. */
  readonly flags: string;
}

/** Version 00 has these four parts; higher versions may have more after them. */
const TRACEPARENT =
  /^(?!ff)(?:00(?=.{53}$)|(?!00)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Continues the caller's trace, or begins a new one if its `traceparent` is absent or malformed. */
export function readTraceContext(header: unknown, ids: Ids): TraceContext {
  const parent = readParent(header);
  return parent === undefined
    ? { traceId: ids.hex(16), flags: '00' }
    : { traceId: parent.traceId, flags: parent.flags };
}

/** The caller's span; undefined if there is none. */
export function readParent(header: unknown): RemoteParent | undefined {
  const [, traceId, spanId, flags] = (typeof header === 'string' ? TRACEPARENT.exec(header) : null) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, flags };
}

/** The `traceparent` of one request to the billing API: the same trace with a new parent id. */
export function traceparentOf(trace: TraceContext, ids: Ids): string {
  return `00-${trace.traceId}-${ids.hex(8)}-${trace.flags}`;
}
