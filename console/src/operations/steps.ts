// An operation as steps in time, made of its events.
import type { AuditEvent } from '../api.js';
import { type Ending, endingOf } from '../words.js';

export interface Step {
  readonly at: string;
  /** Milliseconds since the first step. */
  readonly afterMs: number;
  readonly title: string;
  readonly detail: string;
  readonly ending?: Ending;
}

/** @param events of one operation, oldest first */
export function stepsOf(events: readonly AuditEvent[]): Step[] {
  const [first] = events;
  if (first === undefined) return [];
  const began = Date.parse(first.occurred_at);
  return events.flatMap((event, index) => {
    const { phase, upstream, outcome, status, occurred_at: at } = event;
    const afterMs = Date.parse(at) - began;
    if (phase === 'intent') {
      const detail =
        'The BFF read the customer, compared it, and stored what it is about to do. Nothing is sent before that.';
      return [{ at, afterMs, title: 'Intent', detail }];
    }
    const final = index > 0 && events.slice(0, index).some((earlier) => earlier.phase === 'outcome');
    const ending = endingOf(outcome, event.changes);
    const steps: Step[] = [];
    if (upstream !== null && upstream.attempts > 0)
      steps.push({
        ...{ at, afterMs: Math.max(0, afterMs - upstream.duration_ms) },
        title: final ? 'Looked again' : 'Billing API',
        detail: `${upstream.attempts} ${upstream.attempts === 1 ? 'attempt' : 'attempts'} in ${upstream.duration_ms} ms; its last answer was ${upstream.status ?? 'none'}.`,
      });
    steps.push({
      ...{ at, afterMs, ending },
      title: final ? 'Final word' : 'Outcome',
      detail: `${ending.meaning}${status === null ? '' : ` The caller was answered ${status}.`}`,
    });
    return steps;
  });
}
