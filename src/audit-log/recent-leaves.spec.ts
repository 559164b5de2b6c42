import { ManualClock } from '../../test/support/manual-clock.js';
import { timeOf } from './event-ids.js';
import { leafHash } from './merkle.js';
import { RecentLeaves } from './recent-leaves.js';
import { type StorableEvent, textOf } from './stored-event.js';

const ID = '0198f000-0000-7000-8000-000000000000';
const TIME = timeOf(ID);
const QUARTER = 15 * 60_000;

const event = (changed: Partial<StorableEvent> = {}): StorableEvent => ({
  ...{ id: ID, occurred_at: new Date(TIME).toISOString(), tenant_id: 'acme', operation_id: null },
  ...{ action: 'audit.read', phase: 'event', outcome: 'applied', status: 200, changes: [] },
  actor: { type: 'user', sub: 'user-1', client_id: null, scopes: [] },
  ...{ origin: { ip: '127.0.0.1', user_agent: null }, request_id: 'r' },
  ...{ target: null, upstream: null, credential: null, trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' },
  ...changed,
});

it('knows the leaf of an event in its own log, for a minute', () => {
  const clock = new ManualClock();
  const leaves = new RecentLeaves(clock);
  const { id } = event();
  leaves.remember(event());
  leaves.remember(event({ id: id.replace(/0$/, '1'), tenant_id: null }));
  expect(leaves.find('acme', id, TIME)).toEqual({ hash: leafHash(textOf(event())), late: false });
  expect(leaves.find('_platform', id, TIME)).toBeUndefined();
  expect(leaves.find('_platform', id.replace(/0$/, '1'), TIME)).toMatchObject({ late: false });
  clock.advance(60_001);
  expect(leaves.find('acme', id, TIME)).toBeUndefined();
});

it('says that an event is late, by the clock of the database', () => {
  const leaves = new RecentLeaves(new ManualClock());
  leaves.remember(event());
  expect(leaves.find('acme', ID, TIME + QUARTER)).toMatchObject({ late: false });
  expect(leaves.find('acme', ID, TIME + QUARTER + 1)).toMatchObject({ late: true });
});

it('forgets the oldest leaves when there are many', () => {
  const leaves = new RecentLeaves(new ManualClock());
  const id = (n: number): string => ID.slice(0, -4) + String(n).padStart(4, '0');
  for (let n = 0; n <= 5_000; n += 1) leaves.remember(event({ id: id(n) }));
  expect(leaves.find('acme', id(0), TIME)).toBeUndefined();
  expect(leaves.find('acme', id(1), TIME)).toBeDefined();
  expect(leaves.find('acme', id(5_000), TIME)).toBeDefined();
});
