// Whether a patch costs the same on a database with years of history as on an empty one.
// After `npm run build`: node bench/flat.mjs [share of the full size, 1 if absent]
import pg from 'pg';
import { pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { cpuMs, databaseProcesses } from './processes.mjs';
import { median, met, number, print } from './report.mjs';

const SHARE = Number(process.argv[2] ?? 1);
const MONTHS = 36;
const EVENTS = Math.round(3_000_000 * SHARE);
const TENANTS = Math.round(10_000 * SHARE);
const KEYS = Math.round(1_000_000 * SHARE);
/** The columns of the copies that are those of the original. */
const SAME = `action, phase, outcome, credential_version, credential_fingerprint, upstream_status, upstream_attempts,
  upstream_duration_ms, status, actor_is_service, actor_client_id, actor_scopes, ip, user_agent, changes, commitments,
  encrypted_values`;
const ROUNDS = 5;
/** Seconds. */
const WARM_UP = 10;
const MEASURED = 5;
/** The allowed difference: a tenth. */
const LIMIT = 1.1;
/** Milliseconds for everything. */
const DEADLINE = 3_600_000;

async function main() {
  const pinned = pin();
  const surroundings = await startSurroundings(handleBilling);
  const load = await startLoad();
  const headers = { authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' };
  const request = requestWith(headers, true);
  const tenants = Array.from({ length: TENANTS }, (_, n) => `tenant-${n}`);
  const empty = await prepare('bench_empty', ['a'], surroundings);
  const full = await prepare('bench_full', ['a', ...tenants], surroundings);

  // The rows to be copied are real ones.
  const first = await start(full);
  await load({ url: first.url, request, seconds: 1 });
  await first.stop();
  await fill(full.environment.DATABASE_URL);

  const database = await databaseProcesses(surroundings.postgres);
  const variants = [];
  for (const [name, place] of [
    ['empty', empty],
    ['full', full],
  ]) {
    const bff = await start(place);
    await load({ url: bff.url, request, seconds: WARM_UP });
    variants.push({ ...bff, name, rounds: [] });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { url, pid, rounds } of variants) {
      const before = { service: cpuMs(pid), postgres: database() };
      const { length: patches } = (await load({ url, request, seconds: MEASURED })).times;
      rounds.push({
        service: (1_000 * (cpuMs(pid) - before.service)) / patches,
        postgres: (1_000 * (database() - before.postgres)) / patches,
      });
    }
  }
  report(variants, pinned);
}

/** Copies of an intent, an outcome and a key, spread over the months and the tenants. */
async function fill(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(`do $$
    declare month timestamptz;
    begin
      for back in 1..${MONTHS - 1} loop
        month := audit_event_month_of(now(), -back);
        execute format('create table %I partition of audit_record for values from (%L) to (%L)',
          audit_event_month_name(month), audit_event_first_id(month),
          audit_event_first_id(audit_event_month_of(now(), 1 - back)));
      end loop;
    end $$`);
  await client.query(`create temporary table sample as
    select row_number() over (order by phase) - 1 as nr, * from (
      (select * from audit_record where phase = 'intent' limit 1) union all
      (select * from audit_record where phase = 'outcome' limit 1)
    ) as both_phases`);
  const perMonth = Math.ceil(EVENTS / MONTHS);
  for (let back = 0; back < MONTHS; back += 1) {
    await client.query(
      `insert into audit_record (
        id, trace_id, operation_id, request_uuid, tenant_id, stored_at, actor_sub, customer_id, ${SAME}
      )
      select
        overlay(
          overlay(audit_event_first_id(at)::text || '' placing substr(md5(random()::text), 1, 3) from 16)
          placing '8' || substr(md5(random()::text), 1, 3) || '-' || substr(md5(random()::text), 1, 12) from 20
        )::uuid,
        gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'tenant-' || n % ${Math.max(1, TENANTS)}, at,
        'subject-' || n % 5000, 'cus_' || n % 20000, ${SAME}
      from generate_series(1, $1::integer) as n
      cross join lateral (
        select begins + n * (least(ends, now()) - begins) / ($1::integer + 1) as at
        from (select audit_event_month_of(now(), $2::integer), audit_event_month_of(now(), $2::integer + 1)) as month (begins, ends)
      ) as time
      join sample on nr = n % 2`,
      [perMonth, -back],
    );
    console.error(`month ${back + 1} of ${MONTHS}`);
  }
  const { rows } = await client.query(
    `select string_agg(quote_ident(column_name), ', ') as others from information_schema.columns
     where table_name = 'idempotency_key' and column_name not in ('id', 'operation_id', 'expires_at')`,
  );
  const [{ others }] = rows;
  await client.query(`insert into idempotency_key (id, operation_id, expires_at, ${others})
    select md5(n::text) || md5((-n)::text), gen_random_uuid(), now() + interval '1 day', ${others}
    from generate_series(1, ${KEYS}) as n cross join (select * from idempotency_key limit 1) as one`);
  await client.query('vacuum analyze');
  // What was filled in is written to the disk now, and not while patches are measured.
  await client.query('checkpoint');
  await client.end();
}

function report([empty, full], pinned) {
  const row = (what, figure) => {
    const [one, other] = [empty, full].map(({ rounds }) => median(rounds.map((round) => round[figure])));
    const each = full.rounds.map((round, index) => round[figure] / empty.rounds[index][figure]);
    const ratio = median(each);
    const list = each.map((value) => value.toFixed(2)).join(' ');
    return [what, number(one), number(other), ratio.toFixed(2), list, `${LIMIT}`, met(ratio <= LIMIT)];
  };
  print([
    ['µs a patch with a key', 'empty', 'full', 'full / empty', 'each round', 'limit', ''],
    row('service', 'service'),
    row('PostgreSQL', 'postgres'),
  ]);
  console.log(`\nFull: ${EVENTS} events of ${MONTHS} months, ${TENANTS} tenants, ${KEYS} idempotency keys.`);
  if (!pinned) console.log('Nothing was pinned to a CPU: the processes disturbed each other.');
}

await run(main, DEADLINE);
