import { isRecord } from './shape.js';

/** Members that a line shows elsewhere, or that are the same on every line. */
const SHOWN_ELSEWHERE = new Set(['level', 'time', 'msg', 'service', 'request_id', 'trace_id']);
const OF_REQUEST = new Set(['method', 'route', 'status', 'duration_ms', 'tenant_id']);

const LEVELS: Partial<Record<string, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** A line of the BFF's log (JSON) for a person at a terminal; any other line as it is. */
export function readableLine(line: string): string {
  const entry = parsed(line);
  if (entry === undefined || typeof entry.msg !== 'string') return line;
  const isRequest = entry.msg === 'request';
  const rest = Object.entries(entry).filter(
    ([name, value]) =>
      !SHOWN_ELSEWHERE.has(name) && !(isRequest && OF_REQUEST.has(name)) && value !== null && value !== '',
  );
  const message = isRequest ? requestOf(entry) : entry.msg;
  const members = rest.map(([name, value]) => `${name}=${textOf(value)}`);
  return [timeOf(entry.time), (LEVELS[textOf(entry.level)] ?? '').padEnd(5), message, ...members].join(' ');
}

function requestOf({ method, route, status, duration_ms, tenant_id }: Record<string, unknown>): string {
  const tenant = typeof tenant_id === 'string' ? ` for ${tenant_id}` : '';
  return `${textOf(method)} ${textOf(route)} ${textOf(status)} in ${textOf(duration_ms)} ms${tenant}`;
}

/** Of the machine's own time zone, like the clock on the wall. */
function timeOf(time: unknown): string {
  const date = new Date(typeof time === 'string' ? time : NaN);
  return Number.isNaN(date.getTime()) ? '--:--:--' : date.toTimeString().slice(0, 8);
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
