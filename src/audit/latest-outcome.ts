import type { AuditEvent, Change } from './audit-event.js';

/**
 * The latest outcome of an operation; undefined if it has none. A final outcome counts wherever it is in the trail:
 * it may have waited while the database was down, and another instance recorded `unknown` in the meantime.
 * @param events of the operation, oldest first
 */
export function latestOutcome<Event extends Pick<AuditEvent, 'phase' | 'outcome'>>(
  events: readonly Event[],
): Event | undefined {
  const outcomes = events.filter(({ phase }) => phase === 'outcome');
  return outcomes.findLast(({ outcome }) => outcome !== 'unknown') ?? outcomes.at(-1);
}

/**
 * The changes of an operation. An outcome repeats `before` and `after` only where they differ from its intent's.
 * @param intent undefined if there was none; then the outcome has all values
 */
export function mergedChanges(
  intent: Pick<AuditEvent, 'changes'> | undefined,
  { changes }: Pick<AuditEvent, 'changes'>,
): Change[] {
  const intended = new Map(intent?.changes.map((change) => [change.field, change]));
  return changes.map((change) => ({ ...intended.get(change.field), ...change }));
}
