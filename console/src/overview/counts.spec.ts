import type { AuditEvent } from '../api.js';
import { axisEnd, overviewOf } from './counts.js';

const event = (operation: string, day: number, more: Partial<AuditEvent>): AuditEvent =>
  ({
    id: `${operation}-${more.phase ?? 'outcome'}`,
    operation_id: operation,
    occurred_at: new Date(Date.UTC(2026, 4, day)).toISOString(),
    action: 'customer.patch',
    phase: 'outcome',
    outcome: 'applied',
    credential: { version: 2, fingerprint: 'f' },
    actor: { type: 'user', sub: 'ada', client_id: null, scopes: [] },
    changes: [],
    ...more,
  }) as AuditEvent;

it('counts an operation once, by its last word; refusals as often as they happened', () => {
  const events = [
    event('3', 2, { outcome: 'unknown', credential: null }),
    event('2', 2, {}),
    event('2', 2, { phase: 'intent', outcome: 'pending' }),
    event('1', 1, {}),
    event('9', 1, { operation_id: null, action: 'access.refused', problem: 'insufficient-scope', count: 3 }),
    event('8', 1, { operation_id: null, action: 'access.refused', problem: 'insufficient-scope' }),
    event('7', 1, { operation_id: null, action: 'audit.read' }),
  ];
  expect(overviewOf(events, new Date('2026-05-03T23:59:59Z'), 4)).toEqual({
    days: [
      { day: '2026-04-30', count: 0, failed: 0 },
      { day: '2026-05-01', count: 1, failed: 0 },
      { day: '2026-05-02', count: 2, failed: 1 },
      { day: '2026-05-03', count: 0, failed: 0 },
    ],
    patches: 3,
    failed: 1,
    outcomes: [
      { name: 'applied', count: 2 },
      { name: 'unknown', count: 1 },
    ],
    refused: 4,
    refusals: [{ name: 'insufficient-scope', count: 4 }],
    tokens: [{ name: 'version 2', count: 2 }],
    unknown: ['3'],
  });
});

it.each([
  [0, 2],
  [1, 2],
  [3, 4],
  [4, 4],
  [9, 10],
  [10, 20],
  [61, 80],
  [101, 200],
  [999, 1000],
])('an axis for %i ends at %i', (most, end) => {
  expect(axisEnd(most)).toBe(end);
});
