// What a patch leaves in the database: bytes of its tables with their indexes and TOAST, and of the write-ahead log.
// After `npm run build`: node bench/storage.mjs [--quick]
import process from 'node:process';
import pg from 'pg';
import { prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { met, print } from './report.mjs';

const QUICK = process.argv.includes('--quick');
/** Seconds of the load. Pages that are not full yet are few by then; with --quick they count for more. */
const SECONDS = QUICK ? 5 : 20;
const DEADLINE = 240_000;
/** Bytes of everything. */
const LIMITS = { 'twelve fields': 4_000, 'one field': 1_500 };
const MAX_WAL = 8_000;

async function main() {
  const surroundings = await startSurroundings(handleBilling);
  const load = await startLoad();
  const rows = [['', 'patches', 'stored, bytes a patch', 'limit', '', 'WAL, bytes a patch', 'limit', '']];
  const parts = [];
  const headers = { authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' };
  const whole = requestWith(headers);
  const requests = { 'twelve fields': whole, 'one field': { ...whole, body: '{"name":"Acme GmbH"}' } };
  for (const [name, request] of Object.entries(requests)) {
    const place = await prepare(`bench_${name.replace(' ', '_')}`, ['a'], surroundings);
    const bff = await start(place);
    const database = new pg.Client({ connectionString: place.environment.DATABASE_URL });
    await database.connect();
    const before = { ...(await sizes(database)), wal: await walOf(database) };
    const { times } = await load({ url: bff.url, request, seconds: SECONDS });
    const wal = ((await walOf(database)) - before.wal) / times.length;
    const after = await sizes(database);
    await database.end();
    const each = Object.entries(after)
      .map(([table, size]) => [table, (size - (before[table] ?? 0)) / times.length])
      .filter(([, bytes]) => bytes >= 1);
    const stored = each.reduce((sum, [, bytes]) => sum + bytes, 0);
    rows.push([
      ...[name, String(times.length), stored.toFixed(0), `${LIMITS[name]}`, met(stored <= LIMITS[name])],
      ...[wal.toFixed(0), `${MAX_WAL}`, met(wal <= MAX_WAL)],
    ]);
    parts.push(`${name}: ${each.map(([table, bytes]) => `${table} ${bytes.toFixed(0)}`).join(', ')}`);
  }
  print(rows);
  console.log(`\n${parts.join('\n')}`);
}

/** Bytes of each table and each index; TOAST counts to its table. */
async function sizes(database) {
  const { rows } = await database.query(`
    select regexp_replace(relname, '_[0-9]{4}_[0-9]{2}', '') as name, sum(
      case relkind when 'i' then pg_relation_size(oid) else pg_table_size(oid) end)::float8 as bytes
    from pg_class where relkind in ('r', 'i') and relnamespace = current_schema()::regnamespace group by 1`);
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]));
}

async function walOf(database) {
  const { rows } = await database.query(`select (pg_current_wal_insert_lsn() - '0/0')::float8 as bytes`);
  return rows[0].bytes;
}

process.exitCode = await run(main, DEADLINE);
