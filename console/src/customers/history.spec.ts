import type { AuditEvent } from '../api.js';
import { actorName, entriesOf, latestChanges, summaryOf } from './history.js';

const event = (more: Partial<AuditEvent>): AuditEvent =>
  ({
    id: '1',
    operation_id: 'op-1',
    occurred_at: '2026-05-01T10:00:00.000Z',
    actor: { type: 'user', sub: 'ada', client_id: 'web', scopes: [] },
    action: 'customer.patch',
    phase: 'outcome',
    outcome: 'applied',
    credential: null,
    changes: [],
    ...more,
  }) as AuditEvent;

it('makes one line of an intent and its outcomes: the outcome repeats only what differs', () => {
  const [entry, ...more] = entriesOf([
    event({
      id: '3',
      changes: [{ field: 'name', after: 'N', effect: 'normalised', clear: { after: 'NEW' } }],
    }),
    event({
      id: '2',
      phase: 'intent',
      outcome: 'pending',
      changes: [{ field: 'name', before: 'O', after: 'n', clear: { before: 'Old', after: 'New' } }],
    }),
  ]);
  expect(more).toEqual([]);
  expect(entry).toMatchObject({
    operationId: 'op-1',
    outcome: 'applied',
    events: [{ id: '2' }, { id: '3' }],
  });
  expect(entry?.changes).toEqual([
    { field: 'name', before: 'O', after: 'N', effect: 'normalised', clear: { before: 'Old', after: 'NEW' } },
  ]);
});

it('tells who changed a field last: only what happened counts', () => {
  const changed = (id: string, sub: string, effect: 'applied' | 'ignored'): AuditEvent =>
    event({
      ...{ id, operation_id: id, actor: { type: 'user', sub, client_id: null, scopes: [] } },
      changes: [{ field: 'name', effect }],
    });
  const latest = latestChanges(
    entriesOf([
      changed('3', 'eve', 'ignored'),
      changed('2', 'ada', 'applied'),
      changed('1', 'bob', 'applied'),
    ]),
  );
  expect(latest.get('name')?.actor.sub).toBe('ada');
});

it('names who acts, and for whom', () => {
  const actor = { type: 'user', sub: 'ada', client_id: 'web', scopes: [] } as const;
  expect(actorName({ ...actor, scopes: [] })).toBe('ada');
  const act = [
    { sub: 'agent', client_id: null },
    { sub: null, client_id: 'app' },
  ];
  expect(actorName({ ...actor, scopes: [], act })).toBe('agent for app for ada');
});

it('says in one line what was found', () => {
  const entries = entriesOf([
    event({ id: '3', operation_id: 'op-3' }),
    event({ id: '2', operation_id: 'op-2', outcome: 'not_applied' }),
    event({ id: '1', operation_id: 'op-1' }),
  ]);
  expect(summaryOf(entries, false)).toBe('3 operations: 2 applied, 1 not applied.');
  expect(summaryOf(entries.slice(0, 1), true)).toBe('The newest 1 operation: 1 applied.');
  expect(summaryOf(entriesOf([event({ action: 'audit.read', operation_id: null })]), false)).toBe(
    '1 operation: 1 of audit.read.',
  );
  const ignored = event({ changes: [{ field: 'name', effect: 'ignored' }] });
  expect(summaryOf(entriesOf([ignored]), false)).toBe('1 operation: 1 not all applied.');
  expect(summaryOf([], false)).toBe('Nothing is recorded for this choice.');
  expect(summaryOf([], true)).toBe('Nothing yet; look for older ones.');
});
