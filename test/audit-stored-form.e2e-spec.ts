import fc from 'fast-check';
import { sql } from 'kysely';
import {
  ACTIONS,
  type AuditEvent,
  type Change,
  EFFECTS,
  type Masked,
  OUTCOMES,
  PHASES,
} from '../src/audit/audit-event.js';
import { storeEntries } from '../src/audit/audit-rows.js';
import { EVENT_COLUMNS, eventOf, isInItsForm, textOf } from '../src/audit-log/stored-event.js';
import { canonicalize } from '../src/crypto/canonical.js';
import { Ids } from '../src/runtime/ids.js';
import { SystemClock } from '../src/runtime/clock.js';
import { startBff, type TestBff } from './support/start-bff.js';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.stop());

const ids = new Ids(new SystemClock());

/** Neither NUL nor halves of surrogate pairs: names of callers and tenants that have one are refused before. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !/[\0\p{Cs}]/u.test(value));
const hexOf = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const count = fc.nat({ max: 1_000_000 });
const status = fc.integer({ min: 100, max: 599 });
const orNull = <Value>(of: fc.Arbitrary<Value>) => fc.option(of, { nil: null });
/** Any JSON that no number is in, and no text that PostgreSQL can't hold. */
const masked = fc.letrec<{ value: Masked }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const side = (name: 'before' | 'after') =>
  fc.oneof(
    fc.constant({}),
    fc.record({ [name]: masked }),
    fc.record({ [name]: masked, [`${name}_commitment`]: hexOf(32) }),
  );
const change = fc
  .tuple(
    fc.record({ field: text, effect: fc.constantFrom(...EFFECTS) }, { requiredKeys: ['field'] }),
    side('before'),
    side('after'),
  )
  .map(([what, before, after]): Change => ({ ...what, ...before, ...after }));

const event: fc.Arbitrary<AuditEvent> = fc
  .record(
    {
      operation_id: orNull(fc.uuid()),
      tenant_id: orNull(fc.constantFrom('acme', 'globex')),
      actor: fc.record(
        {
          type: fc.constantFrom('user', 'service'),
          sub: text,
          client_id: orNull(text),
          scopes: fc.array(text, { maxLength: 3 }),
          act: fc.array(fc.record({ sub: orNull(text), client_id: orNull(text) }), {
            minLength: 1,
            maxLength: 3,
          }),
        },
        { requiredKeys: ['type', 'sub', 'client_id', 'scopes'] },
      ),
      origin: fc.record({ ip: text, user_agent: orNull(text) }),
      request_id: fc.oneof(
        fc.uuid(),
        fc.uuid().map((id) => id.toUpperCase()),
        fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/),
      ),
      trace_id: hexOf(16),
      action: fc.constantFrom(...ACTIONS),
      phase: fc.constantFrom(...PHASES),
      target: orNull(
        fc.oneof(
          fc.record({ ref: text, customer_id: orNull(text) }),
          text.map((id) => ({ ref: id, customer_id: id })),
        ),
      ),
      outcome: fc.constantFrom(...OUTCOMES),
      status: orNull(status),
      upstream: orNull(fc.record({ status: orNull(status), attempts: count, duration_ms: count })),
      credential: orNull(fc.record({ version: count, fingerprint: hexOf(16) })),
      changes: fc.array(change, { maxLength: 4 }),
      reverts: fc.uuid(),
      problem: text,
      count,
    },
    {
      requiredKeys: [
        ...([
          'operation_id',
          'tenant_id',
          'actor',
          'origin',
          'request_id',
          'trace_id',
          'action',
          'phase',
        ] as const),
        ...(['target', 'outcome', 'status', 'upstream', 'credential', 'changes'] as const),
      ],
    },
  )
  .map((members) => ({ ...members, ...stamp() }));

it('of every event, its row and the view for people give the same RFC 8785 text as the event', async () => {
  const runs = fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 30 }), async (made) => {
    // Generated values are used again for smaller examples: each time under ids of their own.
    const events = made.map((one) => ({ ...one, ...stamp() }));
    await storeEntries(
      bff.database.kysely,
      events.map((one) => ({ event: one })),
    );
    const expected = events.map((one) => canonicalize(one));
    const wanted = sql<boolean>`id = any(${events.map(({ id }) => id)}::uuid[])`;
    const { kysely } = bff.database;
    const rows = await kysely
      .selectFrom('audit_record')
      .select(EVENT_COLUMNS)
      .where(wanted)
      .orderBy('id')
      .execute();
    expect(rows.map((row) => textOf(eventOf(row)))).toEqual(expected);
    expect(rows.map((row) => isInItsForm(row, eventOf(row)))).toEqual(rows.map(() => true));
    const shown = await kysely
      .selectFrom('audit_event')
      .select('event')
      .where(wanted)
      .orderBy('id')
      .execute();
    expect(shown.map((row) => row.event)).toEqual(expected);
  });
  await fc.assert(runs, { numRuns: 30 });
}, 60_000);

function stamp(): Pick<AuditEvent, 'id' | 'occurred_at'> {
  const { id, at } = ids.timed();
  return { id, occurred_at: at.toISOString() };
}
