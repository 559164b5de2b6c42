import { sql } from 'kysely';
import type { AuditEvent } from '../../../src/audit/audit-event.js';
import { sameValue } from '../../../src/customers/patch-diff.js';
import type { PatchField } from '../../../src/customers/dto/patch-customer.dto.js';
import type { Received } from './model-upstream.js';
import type { Told, World } from './world.js';

/** An operation as the trail and the billing API know it. */
interface Traced {
  readonly id: string;
  readonly told: Told;
  readonly intents: readonly AuditEvent[];
  readonly outcomes: readonly AuditEvent[];
  readonly received: readonly Received[];
  /** Position in the history of the first state that it made; undefined when it was not applied. */
  readonly appliedAt: number | undefined;
}

/** What is wrong with what a run has left, one line for each fault. */
export async function faultsOf(world: World): Promise<string[]> {
  const events = await trailOf(world);
  const { received } = world.upstream;
  const ids = new Set([
    ...events.map(({ operation_id: id }) => id ?? ''),
    ...received.map((one) => one.operationId),
  ]);
  const operations = [...ids].map((id) => traced(world, id, events));
  const faults = [
    ...operations.flatMap((operation) => aboutTrail(operation)),
    ...operations.flatMap((operation) => aboutClaims(world, operation)),
    ...aboutKeys(operations),
    ...world.told.flatMap((told) => aboutAnswer(told, operations)),
  ];
  const open = await world.open();
  return open === 0 ? faults : [...faults, `${open} operations are open at the end`];
}

function aboutTrail({ id, intents, outcomes, received }: Traced): string[] {
  const faults: string[] = [];
  if (intents.length > 1) faults.push('more than one intent');
  if (received.length > 0 && intents.length === 0) faults.push('sent without an intent');
  if (received.length > 2) faults.push(`sent ${received.length} times`);
  if (outcomes.length === 0) faults.push('no outcome');
  if (outcomes.length > 2) faults.push('more than two outcomes');
  if (outcomes.length === 2 && outcomes[0]?.outcome !== 'unknown')
    faults.push('two outcomes, the first final');
  if (outcomes.at(-1)?.outcome === 'unknown') faults.push('unknown to the end');
  const story = [...intents, ...outcomes].map(({ outcome }) => outcome).join(' → ');
  return faults.map((fault) => `${id}: ${fault} (${story})`);
}

function aboutClaims(world: World, operation: Traced): string[] {
  const { id, outcomes, appliedAt, told } = operation;
  const faults: string[] = [];
  for (const event of outcomes) {
    const wasApplied = appliedAt !== undefined;
    if (event.outcome === 'applied' && !wasSeen(world, operation, event))
      faults.push('applied, and was never seen');
    if ((event.outcome === 'not_applied' || event.outcome === 'rejected') && wasApplied) {
      if (!world.upstream.liedAbout.has(id) && !wasUndoneOutside(world, operation))
        faults.push(`${event.outcome}, and was applied`);
    }
  }
  return faults.map((fault) => `${id} of ${told.requestId}: ${fault}`);
}

/** Whether there was a state, from the sending to the outcome, that shows every visible field that was sent. */
function wasSeen({ upstream: { history } }: World, operation: Traced, outcome: AuditEvent): boolean {
  const { told, received, intents } = operation;
  const sentAt = received[0]?.from;
  const intendedAt = Date.parse(intents[0]?.occurred_at ?? '');
  const sent = outcome.changes.filter(({ effect }) => effect !== 'unchanged' && effect !== 'raced');
  const fields = received[0] === undefined ? sent.map(({ field }) => field) : Object.keys(received[0].body);
  return history.some(({ at, state }, index) => {
    const until = history[index + 1]?.at ?? Infinity;
    const inTime = sentAt === undefined ? until >= intendedAt : index >= sentAt;
    return inTime && at <= Date.parse(outcome.occurred_at) && shows(state, told, fields);
  });
}

/** Somebody outside took back all that can be seen of it: nobody can tell that from its never having been there. */
function wasUndoneOutside(
  { upstream: { history } }: World,
  { told, received, appliedAt = 0 }: Traced,
): boolean {
  const fields = visible(Object.keys(received[0]?.body ?? {}));
  return history
    .slice(appliedAt + 1)
    .some(({ by, state }) => by === null && fields.every((field) => !shows(state, told, [field])));
}

/** One key changes something once, unless what it did before is said not to have been applied. */
function aboutKeys(operations: readonly Traced[]): string[] {
  const keys = new Set(operations.flatMap(({ told }) => told.headers['Idempotency-Key'] ?? []));
  return [...keys].flatMap((key) => {
    const applied = operations.filter(({ told, outcomes, appliedAt }) => {
      if (told.headers['Idempotency-Key'] !== key) return false;
      const final = outcomes.at(-1)?.outcome;
      return final === 'applied' || (appliedAt !== undefined && final !== 'not_applied');
    });
    return applied.length > 1 ? [`${key} was applied as ${applied.map(({ id }) => id).join(' and ')}`] : [];
  });
}

/** What a caller was told is what the trail says. */
function aboutAnswer({ requestId, answer }: Told, operations: readonly Traced[]): string[] {
  const id = answer?.headers.get('x-operation-id');
  if (answer === undefined || id === null || id === undefined) return [];
  const outcomes =
    operations.find((operation) => operation.id === id)?.outcomes.map(({ outcome }) => outcome) ?? [];
  const claim =
    answer.status === 200 ? 'applied' : (answer.body as { outcome?: AuditEvent['outcome'] }).outcome;
  if (claim === undefined || claim === 'unknown' || outcomes.includes(claim)) return [];
  if (claim === 'applied' && outcomes.includes('unchanged')) return [];
  return [`${requestId} was told ${answer.status} ${claim}, the trail says ${outcomes.join(' → ')} (${id})`];
}

function traced(world: World, id: string, events: readonly AuditEvent[]): Traced {
  const own = events.filter(({ operation_id }) => operation_id === id);
  const received = world.upstream.received.filter(({ operationId }) => operationId === id);
  const told = world.told.find(({ requestId }) => requestId === own[0]?.request_id);
  if (told === undefined) throw new Error(`nobody asked for ${id}, received ${received.length} times`);
  const appliedAt = world.upstream.history.findIndex(({ by }) => by === id);
  return {
    id,
    told,
    received,
    intents: own.filter(({ phase }) => phase === 'intent'),
    outcomes: outcomesOf(own),
    appliedAt: appliedAt < 0 ? undefined : appliedAt,
  };
}

/**
 * A final outcome that had to wait is stored behind the `unknown` that another instance stored meanwhile; its id is of
 * when the end was found out, and may sort before.
 */
function outcomesOf(events: readonly AuditEvent[]): AuditEvent[] {
  const outcomes = events.filter(({ phase }) => phase === 'outcome');
  const [first, second] = outcomes;
  return outcomes.length === 2 && second?.outcome === 'unknown' && first !== undefined
    ? [second, first]
    : outcomes;
}

async function trailOf({ home, prefix }: World): Promise<AuditEvent[]> {
  const rows = await home.database.kysely
    .selectFrom('audit_event')
    .select('event')
    .where('action', '=', 'customer.patch')
    .where(sql<boolean>`event::json ->> 'request_id' like ${`${prefix}%`}`)
    .orderBy('id')
    .execute();
  return rows.map(({ event }) => JSON.parse(event) as AuditEvent);
}

function shows(state: Readonly<Record<string, unknown>>, { body }: Told, fields: readonly string[]): boolean {
  return visible(fields).every((field) => sameValue(field, body[field], state[field]));
}

function visible(fields: readonly string[]): PatchField[] {
  return (fields as PatchField[]).filter((field) => field !== 'is_tax_exempt');
}
