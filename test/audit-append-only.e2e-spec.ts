import { sql } from 'kysely';
import { AuditWriter } from '../src/audit/audit-writer.js';
import type { AuditEvent } from '../src/audit/audit-event.js';
import { Metrics } from '../src/metrics/metrics.js';
import { SystemClock } from '../src/runtime/clock.js';
import { Ids } from '../src/runtime/ids.js';
import { nextTurn } from '../src/runtime/turns.js';
import { startBff, type StoredEvent, type TestBff } from './support/start-bff.js';

/** Where events of this month are. */
const PARTITION = `audit_event_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;

let bff: TestBff;
let before: StoredEvent[];
beforeAll(async () => {
  bff = await startBff();
  await bff.patch({ name: 'Acme AG' });
  before = await bff.events(2);
});
afterAll(() => bff.stop());
afterEach(async () => {
  expect((await bff.events(0)).slice(0, 2)).toEqual(before);
});

it.each([
  `update audit_event set outcome = 'rejected'`,
  `update audit_record set outcome = 'rejected'`,
  `update audit_record set changes = changes`,
  `update only ${PARTITION} set tenant_id = 'globex' where phase = 'intent'`,
  `delete from ${PARTITION}`,
  `truncate ${PARTITION}`,
  `delete from audit_event`,
  `delete from audit_record`,
  `delete from audit_event where phase = 'outcome'`,
  `truncate audit_record`,
  `truncate audit_record restart identity cascade`,
  `with gone as (delete from audit_record returning *) select * from gone`,
  `insert into audit_record select * from audit_record on conflict (tenant_id, id) do update set outcome = 'refused'`,
])('the database refuses: %s', async (statement) => {
  await expect(sql.raw(statement).execute(bff.database.kysely)).rejects.toThrow(/append-only/);
});

it('also inside a transaction that does other things', async () => {
  const change = bff.database.kysely.transaction().execute(async (transaction) => {
    await sql`select 1`.execute(transaction);
    await sql`delete from audit_event`.execute(transaction);
  });
  await expect(change).rejects.toThrow(/append-only/);
});

it('an event whose id is taken changes nothing and adds nothing', async () => {
  const event = { ...before[1], outcome: 'rejected' } as unknown as AuditEvent;
  await bff.app.get(AuditWriter).append({ event });
  expect(await bff.events(0)).toHaveLength(2);
});

it('events of different callbacks share an insert, if they come in one turn of the event loop', async () => {
  const writer = bff.app.get(AuditWriter);
  const stored = jest.spyOn(bff.app.get(Metrics), 'eventsStored');
  const event = before[1] as unknown as AuditEvent;
  await Promise.all([1, 2, 3].map(() => nextTurn().then(() => writer.append({ event }))));
  expect(stored.mock.calls.map(([count]) => count)).toEqual([3]);
  stored.mockRestore();
});

it('one event that the database can’t take fails alone, not those that share its insert', async () => {
  const writer = bff.app.get(AuditWriter);
  const make = (n: number, sub = 'user-1'): AuditEvent =>
    ({
      ...before[1],
      id: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`,
      actor: { ...ACTOR, sub },
    }) as unknown as AuditEvent;
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, n) =>
      writer.append({ event: make(n, n === 7 ? 'NUL \u0000' : undefined) }),
    ),
  );
  expect(results.map(({ status }) => status)).toEqual(
    Array.from({ length: 20 }, (_, n) => (n === 7 ? 'rejected' : 'fulfilled')),
  );
  const { rows } = await sql`select id from audit_event where id::text like '01890000%'`.execute(
    bff.database.kysely,
  );
  expect(rows).toHaveLength(19);
  before = (await bff.events(21)).slice(0, 2);
});

it.each([
  [['unknown', 'unknown'], ['unknown']],
  [
    ['unknown', 'applied'],
    ['unknown', 'applied'],
  ],
  [['applied', 'unknown'], ['applied']],
  [['applied', 'not_applied'], ['applied']],
])('of outcomes of one operation that come at once, %j, it takes %j', async (said, stored) => {
  const writer = bff.app.get(AuditWriter);
  const ids = new Ids(new SystemClock());
  const operationId = ids.uuid();
  const make = (phase: string, outcome: string): AuditEvent =>
    ({ ...before[1], id: ids.uuid(), operation_id: operationId, phase, outcome }) as unknown as AuditEvent;
  const opens = { id: operationId, tenant_id: 'acme', due_in_ms: 60_000, snapshot: undefined };
  await writer.append({ event: make('intent', 'pending'), opens });

  await Promise.all(
    said.map((outcome) =>
      writer.append({
        event: make('outcome', outcome),
        operationState: outcome === 'unknown' ? 'unknown' : 'final',
      }),
    ),
  );
  const outcomes = (await bff.events(0)).filter((event) => event['operation_id'] === operationId).slice(1);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(stored);
});

const ACTOR = { type: 'user', client_id: null, scopes: [] };
