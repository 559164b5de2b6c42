// An operation as steps in time, made of its events.
import type { AuditEvent } from '../api.js';

export interface Step {
  readonly at: string;
  /** Milliseconds since the first step. */
  readonly afterMs: number;
  readonly title: string;
  readonly detail: string;
  readonly outcome?: AuditEvent['outcome'];
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
    const steps: Step[] = [];
    if (upstream !== null && upstream.attempts > 0)
      steps.push({
        ...{ at, afterMs: Math.max(0, afterMs - upstream.duration_ms) },
        title: final ? 'Looked again' : 'Billing API',
        detail: `${upstream.attempts} ${upstream.attempts === 1 ? 'attempt' : 'attempts'} in ${upstream.duration_ms} ms; its last answer was ${upstream.status ?? 'none'}.`,
      });
    steps.push({
      ...{ at, afterMs, outcome },
      title: final ? 'Final word' : 'Outcome',
      detail: `${MEANING[outcome]}${status === null ? '' : ` The caller was answered ${status}.`}`,
    });
    return steps;
  });
}

const MEANING: Record<AuditEvent['outcome'], string> = {
  pending: 'It is still running.',
  applied: 'The billing API shows what was asked for.',
  unchanged: 'The customer had these values already; nothing was sent.',
  rejected: 'The billing API refused it; nothing was changed.',
  not_applied: 'It was proven not to have happened.',
  unknown: 'It may have happened. The BFF looks again until it knows.',
  unverifiable: 'It cannot be proven any more whether it happened.',
  refused: 'The BFF refused it; nothing was sent.',
};
