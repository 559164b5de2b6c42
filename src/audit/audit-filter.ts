import { type RawBuilder, sql } from 'kysely';
import { firstIdOf } from '../audit-log/event-ids.js';
import { PLATFORM } from '../tenants/tenant.js';

/** The filters of a page. Times and ids are bounds; everything else has to be equal. */
export interface AuditFilter {
  readonly tenantId: string;
  /** A `cus_` id or an alias, as the reader named it. */
  readonly customer?: string;
  /** The ids that it stands for: finds every event of the operations on these customers. */
  readonly customers?: readonly string[];
  /** A subject or a client. */
  readonly actor?: string;
  readonly action?: string;
  readonly phase?: string;
  readonly outcome?: string;
  /** Of a changed field; if `field` is given, of that one. */
  readonly effect?: string;
  readonly credentialVersion?: number;
  /** Top-level name of a changed field. */
  readonly field?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly to?: Date;
  /** Only events before the one with this id. */
  readonly before?: string;
  /** Only events after the one with this id. */
  readonly after?: string;
}

type Condition = RawBuilder<boolean>;

/** The ways to find events: each is a range of one index in the order of the ids. */
export interface Ways {
  readonly ways: readonly Condition[];
  /** Whether a page looks only at some events of each way. A customer's own events are all looked at. */
  readonly bounded: boolean;
}

/** An actor is a subject or a client, each with its own index. One `or` over both would scan the whole trail. */
export function waysOf(filter: AuditFilter): Ways {
  const { tenantId, customers, actor, credentialVersion, action, outcome } = filter;
  if (customers !== undefined) return { ways: [isAbout(tenantId, customers)], bounded: false };
  return { ways: wayByIndex(), bounded: true };

  function wayByIndex(): Condition[] {
    if (actor !== undefined)
      return [isSeldom(sql.ref('actor_sub'), actor), isSeldom(sql.ref('actor_client_id'), actor)];
    if (credentialVersion !== undefined) return [sql`credential_version = ${credentialVersion}`];
    // The indexes of these leave out the common values, which are found as fast in the whole trail.
    if (action !== undefined && action !== 'customer.patch') return [sql`action = ${action}`];
    if (outcome !== undefined && !COMMON_OUTCOMES.includes(outcome)) return [sql`outcome = ${outcome}`];
    return [sql`true`];
  }
}

const COMMON_OUTCOMES = ['pending', 'applied'];

/**
 * The range says nothing new to readers, but to the planner: a plan that is made once for all values takes each value to
 * be as frequent as the column has different ones. Where all events are of one client, it would look for any other
 * client among all events.
 */
function isSeldom(column: RawBuilder<unknown>, value: string): Condition {
  return sql`(${column} = ${value} and ${column} between ${value} and ${value})`;
}

/** What an event has to be, however it was found. */
export function conditionOf(filter: AuditFilter): Condition {
  const { actor, action, phase, outcome, effect, credentialVersion, field } = filter;
  const all: Condition[] = [sql`true`];
  if (actor !== undefined) all.push(sql`(actor_sub = ${actor} or actor_client_id = ${actor})`);
  if (action !== undefined) all.push(sql`action = ${action}`);
  if (outcome !== undefined) all.push(sql`outcome = ${outcome}`);
  if (credentialVersion !== undefined) all.push(sql`credential_version = ${credentialVersion}`);
  if (phase !== undefined) all.push(sql`phase = ${phase}`);
  if (field !== undefined || effect !== undefined) all.push(hasChange(field, effect));
  return sql`${sql.join(all, sql` and `)}`;
}

/** The tenant and the bounds. An event's id begins with its time, so times are bounds of the index. */
export function boundsOf({ tenantId, from, to, before, after }: AuditFilter): Condition {
  const all: Condition[] = [isOf(tenantId)];
  if (from !== undefined) all.push(sql`id >= ${firstIdOf(from.getTime())}`);
  if (to !== undefined) all.push(sql`id < ${firstIdOf(to.getTime())}`);
  if (before !== undefined) all.push(sql`id < ${before}`);
  if (after !== undefined) all.push(sql`id > ${after}`);
  return sql`${sql.join(all, sql` and `)}`;
}

/** Whether a change is of the field, and had the effect. Only the JSON of events that name both is looked into. */
function hasChange(...names: readonly [field: string | undefined, effect: string | undefined]): Condition {
  const asked = names.flatMap((name, n) => (name === undefined ? [] : [{ name, n }]));
  const named = asked.map(({ name }) => sql`strpos(changes, ${`"${name}"`}) > 0`);
  const equal = asked.map(({ name, n }) => sql`change ->> ${sql.lit(n)} = ${name}`);
  return sql<boolean>`${sql.join(named, sql` and `)} and exists (
    select from json_array_elements(changes::json) as change where ${sql.join(equal, sql` and `)}
  )`;
}

/**
 * A patch by alias may learn the customer's id only from the answer. Then its intent is found through its operation.
 * The ids are selected first, as an array, so the planner can only look up each row by index.
 */
function isAbout(tenantId: string, customers: readonly string[]): Condition {
  return sql<boolean>`id = any(array(
    select id from audit_record where tenant_id = ${tenantId} and customer_id = any(${customers}::text[])
    union all
    select unknown.id from audit_record as known
    join audit_record as unknown on unknown.operation_id = known.operation_id
    where known.tenant_id = ${tenantId} and known.customer_id = any(${customers}::text[])
      and unknown.tenant_id = ${tenantId} and unknown.customer_id is null
  ))`;
}

/** The events of a tenant, or those without one. */
export function isOf(tenantId: string): Condition {
  return tenantId === PLATFORM.id ? sql<boolean>`tenant_id is null` : sql<boolean>`tenant_id = ${tenantId}`;
}
