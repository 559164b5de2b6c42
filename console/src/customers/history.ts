// The story of a customer, made of the events of its trail.
import type { AuditEvent, Change } from '../api.js';
import { type Ending, endingOf } from '../words.js';

/** One line of the timeline: what one request did. */
export interface Entry {
  readonly key: string;
  /** None for events that are no patch. */
  readonly operationId: string | null;
  readonly at: string;
  readonly action: AuditEvent['action'];
  readonly outcome: AuditEvent['outcome'];
  readonly ending: Ending;
  readonly actor: AuditEvent['actor'];
  /** The customer's id; null if it was not read. */
  readonly customer: string | null;
  readonly credential: AuditEvent['credential'];
  readonly reverts: string | undefined;
  /** What the intent and the outcomes say together. */
  readonly changes: readonly Change[];
  /** Oldest first. */
  readonly events: readonly AuditEvent[];
}

/** @param events newest first, as the BFF lists them; @returns the same, an operation each */
export function entriesOf(events: readonly AuditEvent[]): Entry[] {
  const groups = new Map<string, AuditEvent[]>();
  for (const event of events) {
    const key = event.operation_id ?? event.id;
    groups.set(key, [event, ...(groups.get(key) ?? [])]);
  }
  return [...groups].map(([key, ofOperation]) => entryOf(key, ofOperation));
}

function entryOf(key: string, events: readonly AuditEvent[]): Entry {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) throw new Error('an operation without events');
  const changes = mergedChanges(events);
  return {
    key,
    operationId: first.operation_id,
    at: first.occurred_at,
    action: first.action,
    outcome: last.outcome,
    ending: endingOf(last.outcome, changes),
    actor: first.actor,
    customer: last.target?.customer_id ?? first.target?.customer_id ?? null,
    credential: last.credential ?? first.credential,
    reverts: first.reverts ?? last.reverts,
    changes,
    events,
  };
}

/** An outcome repeats values only where they differ from the intent's. */
function mergedChanges(events: readonly AuditEvent[]): Change[] {
  const merged = new Map<string, Change>();
  for (const { changes } of events)
    for (const change of changes) {
      const earlier = merged.get(change.field);
      const clear = { ...earlier?.clear, ...change.clear };
      merged.set(change.field, {
        ...earlier,
        ...change,
        ...(Object.keys(clear).length === 0 ? {} : { clear }),
      });
    }
  return [...merged.values()];
}

/** `3 operations: 2 applied, 1 unchanged.` @param more whether older ones are left out */
export function summaryOf(entries: readonly Entry[], more: boolean): string {
  const counts = new Map<string, number>();
  for (const { action, ending } of entries) {
    const word = action === 'customer.patch' ? ending.text : `of ${action}`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  if (entries.length === 0)
    return more ? 'Nothing yet; look for older ones.' : 'Nothing is recorded for this choice.';
  const found = `${entries.length} ${entries.length === 1 ? 'operation' : 'operations'}`;
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return `${more ? `The newest ${found}` : found}: ${parts.join(', ')}.`;
}

/** Who last changed each field, as far as these entries go. */
export function latestChanges(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const latest = new Map<string, Entry>();
  for (const entry of entries)
    for (const { field, effect } of entry.changes)
      if (!latest.has(field) && (effect === 'applied' || effect === 'normalised')) latest.set(field, entry);
  return latest;
}

/** `Ada`, or `Ada for Grace's app`. */
export function actorName({ sub, act }: AuditEvent['actor']): string {
  const acting = act?.map((party) => party.sub ?? party.client_id ?? 'unknown').join(' for ');
  return acting === undefined || acting === '' ? sub : `${acting} for ${sub}`;
}
