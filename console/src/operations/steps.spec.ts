import type { AuditEvent } from '../api.js';
import { stepsOf } from './steps.js';

const event = (second: number, more: Partial<AuditEvent>): AuditEvent =>
  ({
    occurred_at: new Date(Date.UTC(2026, 4, 1, 10, 0, second)).toISOString(),
    phase: 'outcome',
    outcome: 'applied',
    status: 200,
    upstream: null,
    changes: [],
    ...more,
  }) as AuditEvent;

const INTENT = event(0, { phase: 'intent', outcome: 'pending', status: null });

it('a patch: the intent, what the billing API took, the outcome', () => {
  const upstream = { status: 200, attempts: 1, duration_ms: 800 };
  expect(stepsOf([INTENT, event(1, { upstream })])).toMatchObject([
    { title: 'Intent', afterMs: 0 },
    { title: 'Billing API', afterMs: 200, detail: '1 attempt in 800 ms; its last answer was 200.' },
    { title: 'Outcome', afterMs: 1_000, ending: { kind: 'good', text: 'applied' } },
  ]);
});

it('an unknown outcome, and the final word after another look', () => {
  const upstream = { status: null, attempts: 2, duration_ms: 4_000 };
  const steps = stepsOf([
    INTENT,
    event(5, { outcome: 'unknown', status: 504, upstream }),
    event(9, { status: null, upstream: { status: 200, attempts: 1, duration_ms: 10 } }),
  ]);
  expect(steps.map(({ title, afterMs }) => [title, afterMs])).toEqual([
    ['Intent', 0],
    ['Billing API', 1_000],
    ['Outcome', 5_000],
    ['Looked again', 8_990],
    ['Final word', 9_000],
  ]);
  expect(steps[1]?.detail).toBe('2 attempts in 4000 ms; its last answer was none.');
  expect(steps.at(-1)?.detail).toBe('The billing API shows what was asked for.');
});

it('what ended before anything was sent has its outcome only', () => {
  expect(stepsOf([event(0, { outcome: 'unchanged' })])).toMatchObject([
    { title: 'Outcome', ending: { kind: 'plain', text: 'unchanged' } },
  ]);
  expect(stepsOf([])).toEqual([]);
});
