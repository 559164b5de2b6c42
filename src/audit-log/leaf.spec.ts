import { ManualClock } from '../../test/support/manual-clock.js';
import { leafOf, leavesInTime } from './leaf.js';
import { leafHash } from './merkle.js';
import type { EventRow } from './stored-event.js';

const ROW: EventRow = {
  id: '0198f000-0000-7000-8000-000000000001',
  operation_id: null,
  tenant_id: 'acme',
  action: 'tenant.changed',
  phase: 'event',
  outcome: 'applied',
  status: 200,
  problem: null,
  problem_count: null,
  reverts: null,
  actor_is_service: false,
  actor_sub: 'user-1',
  actor_client_id: null,
  actor_scopes: '["a"]',
  actor_act: null,
  ip: '127.0.0.1',
  user_agent: null,
  request_uuid: null,
  request_id: 'r',
  trace_id: '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
  customer_id: null,
  customer_ref: null,
  upstream_status: null,
  upstream_attempts: null,
  upstream_duration_ms: null,
  credential_version: null,
  credential_fingerprint: null,
  changes: '[["name",0,"A***"]]',
  commitments: null,
};

const TIME = Date.parse('2025-08-28T09:26:28.608Z');
const TEXT =
  '{"action":"tenant.changed","actor":{"client_id":null,"scopes":["a"],"sub":"user-1","type":"user"},' +
  '"changes":[{"after":"A***","field":"name"}],"credential":null,"id":"0198f000-0000-7000-8000-000000000001",' +
  '"occurred_at":"2025-08-28T09:26:28.608Z","operation_id":null,"origin":{"ip":"127.0.0.1","user_agent":null},' +
  '"outcome":"applied","phase":"event","request_id":"r","status":200,"target":null,"tenant_id":"acme",' +
  '"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","upstream":null}';

const leaf = (changed: Partial<EventRow>) => leafOf({ ...ROW, stored_at: new Date(TIME), ...changed });

it('an event’s leaf is its RFC 8785 text', () => {
  expect(leaf({})).toEqual({ hash: leafHash(TEXT), late: false });
});

it.each<[string, Partial<EventRow>]>([
  ['a space', { changes: '[["name",0, "A***"]]' }],
  ['no JSON', { changes: '[["name"' }],
  ['a line behind it', { changes: '[["name",0,"A***"]]\n[]' }],
  ['another value for an absent one', { changes: '[["name",0,"A***",0]]' }],
  ['more than four values', { changes: '[["name",0,"A***","B***","C***"]]' }],
  ['no field', { changes: '["name"]' }],
  ['fields in another order', { changes: '[["name",0,{"b":"1","a":"2"}]]' }],
  ['a commitment to no value', { changes: '[["name"]]', commitments: Buffer.alloc(32, 1) }],
  ['a commitment too long', { commitments: Buffer.alloc(33, 1) }],
  ['scopes that are no JSON', { actor_scopes: 'a' }],
  ['actors that are no JSON', { actor_act: 'a' }],
])('an event with %s, which the service would not write, is set aside', (_what, changed) => {
  expect(leaf(changed)).toEqual({ reason: 'not-canonical' });
});

it('an event that is not there is set aside', () => {
  expect(leafOf(undefined)).toEqual({ reason: 'missing' });
});

it('an event is late from a quarter of an hour after its time', () => {
  const stored = (ms: number) => leafOf({ ...ROW, stored_at: new Date(TIME + ms) });
  expect(stored(15 * 60_000)).toMatchObject({ late: false });
  expect(stored(15 * 60_000 + 1)).toMatchObject({ late: true });
});

it('few rows are read at a time, and leaves computed as long as there is time: the other events wait', async () => {
  const clock = new ManualClock();
  const events = Array.from({ length: 120 }, (_, n) => n);
  const reads: number[] = [];
  const taking = (ms: number) => (some: readonly number[]) => {
    reads.push(some.length);
    const rows = some.map((waiting) => ({
      waiting,
      get row() {
        clock.advance(ms);
        return undefined;
      },
    }));
    return Promise.resolve(rows);
  };
  const missing = (count: number) =>
    Array.from({ length: count }, (_, waiting) => ({ waiting, leaf: { reason: 'missing' } }));
  expect(await leavesInTime(events, taking(8), clock)).toEqual(missing(120));
  expect(await leavesInTime(events, taking(10), clock)).toEqual(missing(100));
  expect(await leavesInTime(events, taking(1_000), clock)).toEqual(missing(50));
  expect(reads).toEqual([50, 50, 20, 50, 50, 50]);
});
