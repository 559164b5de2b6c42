import type { AuditEvent } from '../api.js';
import { overviewOf } from './counts.js';

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
  expect(overviewOf(events)).toEqual({
    changes: [
      { name: '2026-05-01', count: 1 },
      { name: '2026-05-02', count: 2 },
    ],
    outcomes: [
      { name: 'applied', count: 2 },
      { name: 'unknown', count: 1 },
    ],
    refusals: [{ name: 'insufficient-scope', count: 4 }],
    tokens: [{ name: 'token 2', count: 2 }],
    unknown: ['3'],
  });
});
