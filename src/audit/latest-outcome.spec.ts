import type { AuditEvent } from './audit-event.js';
import { latestOutcome } from './latest-outcome.js';

type Told = Pick<AuditEvent, 'phase' | 'outcome'>;
const INTENT: Told = { phase: 'intent', outcome: 'pending' };
const told = (...outcomes: AuditEvent['outcome'][]): Told[] => [
  INTENT,
  ...outcomes.map((outcome) => ({ phase: 'outcome' as const, outcome })),
];

it.each([
  [told(), undefined],
  [told('unknown'), 'unknown'],
  [told('unknown', 'applied'), 'applied'],
  // Owed by the request's instance while another one found nothing out.
  [told('rejected', 'unknown'), 'rejected'],
])('%j stands as %s', (events, expected) => {
  expect(latestOutcome(events)?.outcome).toBe(expected);
});
