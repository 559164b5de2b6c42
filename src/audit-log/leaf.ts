import { canonicalize } from '../crypto/canonical.js';
import { PLATFORM } from '../tenants/tenant.js';
import type { WaitingEvent } from './log-store.js';
import { type Hash, leafHash } from './merkle.js';

/** Why an event may not enter its log. */
export type SetAsideReason = 'missing' | 'not-json' | 'not-canonical' | 'other-id' | 'other-tenant';

/** An event's leaf, or the reason why it has none. */
export type Leaf = { readonly hash: Hash } | { readonly reason: SetAsideReason };

/**
 * The leaf of a stored event: its RFC 8785 text. An event that the service did not write like this is set aside,
 * because no reader could compute its leaf again.
 */
export function leafOf({ log, event_id, row }: WaitingEvent): Leaf {
  if (row === undefined) return { reason: 'missing' };
  const { event: text, tenant_id } = row;
  const event = parse(text);
  if (event === undefined) return { reason: 'not-json' };
  if (canonicalize(event) !== text) return { reason: 'not-canonical' };
  if (event['id'] !== event_id) return { reason: 'other-id' };
  if ((event['tenant_id'] ?? null) !== tenant_id || (tenant_id ?? PLATFORM.id) !== log)
    return { reason: 'other-tenant' };
  return { hash: leafHash(text) };
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
