import type { AuditEvent, Change } from './audit-event.js';

/**
 * How an operation stands or ended: undefined while it has no outcome. A final one counts wherever it is in the
 * trail: it may have waited while the database was away, and another instance said `unknown` in the meantime.
 * @param events of the operation, oldest first
 */
export function latestOutcome<Event extends Pick<AuditEvent, 'phase' | 'outcome'>>(
  events: readonly Event[],
): Event | undefined {
  const outcomes = events.filter(({ phase }) => phase === 'outcome');
  return outcomes.findLast(({ outcome }) => outcome !== 'unknown') ?? outcomes.at(-1);
}

/**
 * The changes of an operation: an outcome repeats `before` and `after` only where they differ from its intent's.
 * @param intent undefined where there was none; then the outcome has all
 */
export function mergedChanges(
  intent: Pick<AuditEvent, 'changes'> | undefined,
  { changes }: Pick<AuditEvent, 'changes'>,
): Change[] {
  const intended = new Map(intent?.changes.map((change) => [change.field, change]));
  return changes.map((change) => ({ ...intended.get(change.field), ...change }));
}
