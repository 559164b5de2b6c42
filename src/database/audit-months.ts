import { type Kysely, sql } from 'kysely';
import { ROWS_IN_LINE } from './audit-event-table.js';

/** Months after the current one that have a partition. */
const MONTHS_AHEAD = 12;

/**
 * The functions that create and drop the months of audit_record. Only the owner of the tables can do that, so they run
 * with its rights (SECURITY DEFINER). Nobody else may call them unless the owner says so (docs/runtime-role.sql). The
 * search path is fixed, so that no object of the caller takes the place of one that is meant.
 */
export async function createMonths(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`select quote_ident(current_schema()) as schema`.execute(db);
  const schema = rows[0]?.schema ?? 'public';
  for (const statement of [RETENTION, FIRST_ID, NAME, FIRST_OF, ...functionsOf(schema)])
    await sql.raw(statement).execute(db);
}

/** How long the trail is kept. The account of the service may be refused to write it, so it can't drop months early. */
const RETENTION = `
  create table audit_retention (
    only_row boolean primary key default true check (only_row),
    days integer check (days > 0)
  )`;

/** The lowest UUIDv7 of a time (RFC 9562, section 5.7). */
const FIRST_ID = `
  create function audit_event_first_id(at timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
  $$`;

/** Months begin in UTC. */
const FIRST_OF = `
  create function audit_event_month_of(at timestamptz, plus integer) returns timestamptz language sql immutable as $$
    select (date_trunc('month', at at time zone 'UTC') + plus * interval '1 month') at time zone 'UTC'
  $$`;

const NAME = `
  create function audit_event_month_name(month timestamptz) returns text language sql immutable as $$
    select 'audit_event_' || to_char(month at time zone 'UTC', 'YYYY_MM')
  $$`;

function functionsOf(schema: string): string[] {
  const definitions: [signature: string, result: string, settings: string, body: string][] = [
    // The months ahead, and those of rows in the default partition. A row whose id is not a time before the year 10000
    // stays there.
    [
      'audit_event_missing_months()',
      'setof timestamptz',
      '',
      `begin
        return query
          select month from (
            select audit_event_month_of(now(), ahead) from generate_series(0, ${MONTHS_AHEAD}) as ahead
            union
            select distinct audit_event_month_of(
              to_timestamp(('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0), 0
            ) from audit_event_default where id < audit_event_first_id('10000-01-01')
          ) as wanted (month)
          where not exists (
            select from pg_inherits join pg_class on pg_class.oid = inhrelid
            where inhparent = '${schema}.audit_record'::regclass and relname = audit_event_month_name(month)
          )
          order by month;
      end`,
    ],
    // ATTACH takes only a weak lock on audit_record, so nobody waits who writes or reads other months. It takes the
    // default partition's strongest lock, which a long reader may refuse: then it ends soon, and is done later.
    [
      'audit_event_create_month(month timestamptz)',
      'void',
      "set lock_timeout = '100ms'",
      `declare
        name text := audit_event_month_name(month);
        first uuid := audit_event_first_id(audit_event_month_of(month, 0));
        next uuid := audit_event_first_id(audit_event_month_of(month, 1));
      begin
        -- Another instance may do the same at this moment.
        if not pg_try_advisory_xact_lock(hashtextextended('audit_event_month', 0)) then return; end if;
        if not exists (select from audit_event_missing_months() as missing where missing = audit_event_month_of(month, 0))
        then return; end if;
        execute format('create table ${schema}.%I (like audit_record including all) with (${ROWS_IN_LINE})', name);
        lock table audit_event_default in access exclusive mode;
        if exists (select from audit_event_default where id >= first and id < next) then
          alter table audit_event_default disable trigger audit_event_no_change;
          execute format('with moved as (delete from audit_event_default where id >= $1 and id < $2 returning *)
            insert into ${schema}.%I select * from moved', name) using first, next;
          alter table audit_event_default enable trigger audit_event_no_change;
        end if;
        execute format('alter table audit_record attach partition ${schema}.%I for values from (%L) to (%L)',
          name, first, next);
        execute format('create trigger audit_event_no_truncate before truncate on ${schema}.%I
          for each statement execute function audit_event_is_append_only()', name);
      end`,
    ],
    [
      'audit_event_old_months()',
      'setof timestamptz',
      '',
      `begin
        return query
          select month from (
            select to_date(right(relname, 7), 'YYYY_MM')::timestamp at time zone 'UTC'
            from pg_inherits join pg_class on pg_class.oid = inhrelid
            where inhparent = '${schema}.audit_record'::regclass and relname ~ '^audit_event_[0-9]{4}_[0-9]{2}$'
          ) as present (month)
          where audit_event_month_of(month, 1) <= now() - (select days from audit_retention) * interval '24 hours'
          order by month;
      end`,
    ],
    // Returns false while events of the month are not in their log yet.
    [
      'audit_event_drop_month(month timestamptz)',
      'boolean',
      "set lock_timeout = '100ms'",
      `declare
        name text := audit_event_month_name(month);
      begin
        if not exists (select from audit_event_old_months() as old where old = audit_event_month_of(month, 0)) then
          raise exception '% is not older than audit_retention', name using errcode = 'insufficient_privilege';
        end if;
        -- Nothing is added to the month between the look and the drop.
        lock table only audit_record in access exclusive mode;
        execute format('lock table ${schema}.%I in access exclusive mode', name);
        if exists (
          select from audit_pending where event_id >= audit_event_first_id(audit_event_month_of(month, 0))
            and event_id < audit_event_first_id(audit_event_month_of(month, 1))
        ) then return false; end if;
        execute format('drop table ${schema}.%I', name);
        return true;
      end`,
    ],
    // The account of the service has no rights on the partitions themselves.
    [
      'audit_event_in_default()',
      'bigint',
      '',
      `begin
        return (select count(*) from audit_event_default);
      end`,
    ],
  ];
  return definitions.flatMap(([signature, result, settings, body]) => [
    `create function ${signature} returns ${result} language plpgsql security definer
      set search_path = pg_catalog, ${schema}, pg_temp ${settings} as $$ ${body} $$`,
    `revoke execute on function ${signature.replace(/month timestamptz/, 'timestamptz')} from public`,
  ]);
}
