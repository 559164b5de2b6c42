import { canonicalize } from '../crypto/canonical.js';
import { PLATFORM } from '../tenants/tenant.js';
import type { WaitingEvent } from './log-store.js';
import { type Hash, leafHash } from './merkle.js';

/** Why an event may not enter its log. */
export type SetAsideReason =
  'missing' | 'not-json' | 'not-canonical' | 'other-id' | 'other-tenant' | 'other-time';

/** An event's leaf, and whether it was stored long after its time; or the reason why it has none. */
export type Leaf = { readonly hash: Hash; readonly late: boolean } | { readonly reason: SetAsideReason };

/** Milliseconds after its time when an event is late: the service itself is that only after an outage of the database. */
const LATE = 15 * 60_000;

/**
 * The leaf of a stored event: its RFC 8785 text. An event that the service did not write like this is set aside,
 * because no reader could compute its leaf again.
 */
export function leafOf({ log, event_id, row }: WaitingEvent): Leaf {
  if (row === undefined) return { reason: 'missing' };
  const { event: text, tenant_id, stored_at } = row;
  const event = parse(text);
  if (event === undefined) return { reason: 'not-json' };
  if (canonicalize(event) !== text) return { reason: 'not-canonical' };
  if (event['id'] !== event_id) return { reason: 'other-id' };
  if ((event['tenant_id'] ?? null) !== tenant_id || (tenant_id ?? PLATFORM.id) !== log)
    return { reason: 'other-tenant' };
  const time = timeIn(event_id);
  if (time === undefined || event['occurred_at'] !== time.toISOString()) return { reason: 'other-time' };
  return { hash: leafHash(text), late: stored_at.getTime() - time.getTime() > LATE };
}

/** The time in a UUIDv7 (RFC 9562, section 5.7), which is the event's; undefined if it is none that a date can have. */
function timeIn(id: string): Date | undefined {
  const time = new Date(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
