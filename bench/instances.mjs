// Whether two instances on one database do twice the work of one. On two CPUs it can't be tried: load, billing API and
// PostgreSQL need the second. So one instance, and two, have the same CPU in turn. Two with a database each have nothing
// to do with each other: what a patch costs more with them comes from sharing that CPU. What it costs more than that
// with two on one database is what a second CPU would lose.
// After `npm run build`: node bench/instances.mjs
import { request as ask } from 'undici';
import { pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { cpuMs, databaseProcesses } from './processes.mjs';
import { median, met, number, print } from './report.mjs';

const ROUNDS = 6;
/** Seconds of each. */
const WARM_UP = 20;
const MEASURED = 4;
/** Times the throughput of one instance that two should have. */
const LIMIT = 1.8;
/** Milliseconds for everything. */
const DEADLINE = 300_000;

async function main() {
  const pinned = pin();
  const surroundings = await startSurroundings(handleBilling);
  const shared = await prepare('bench_shared', ['a'], surroundings);
  const together = [await start(shared), await start(shared)];
  const apart = [];
  for (const name of ['bench_first', 'bench_second'])
    apart.push(await start(await prepare(name, ['a'], surroundings)));
  const states = { one: apart.slice(0, 1), apart, together };
  const loads = [await startLoad(), await startLoad()];
  const request = requestWith({ authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' });
  const database = await databaseProcesses(surroundings.postgres);

  const measure = async (state, seconds) => {
    const instances = states[state];
    const total = async (figureOf) =>
      (await Promise.all(instances.map(figureOf))).reduce((sum, figure) => sum + figure, 0);
    const look = async () => ({
      service: await total(({ pid }) => cpuMs(pid)),
      postgres: database(),
      events: await total(({ url }) => metric(url, 'billing_bff_audit_batch_events_sum')),
      inserts: await total(({ url }) => metric(url, 'billing_bff_audit_batch_events_count')),
    });
    const before = await look();
    const loaded = instances.map(({ url }, n) => loads[n]({ url, request, seconds }));
    const patches = (await Promise.all(loaded)).reduce((sum, { times }) => sum + times.length, 0);
    const after = await look();
    return {
      service: (1_000 * (after.service - before.service)) / patches,
      postgres: (1_000 * (after.postgres - before.postgres)) / patches,
      batch: (after.events - before.events) / (after.inserts - before.inserts),
    };
  };
  await measure('apart', WARM_UP);
  await measure('together', WARM_UP);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? Object.keys(states) : Object.keys(states).reverse();
    const measured = {};
    for (const state of order) measured[state] = await measure(state, MEASURED);
    rounds.push(measured);
  }
  report(rounds, pinned);
}

async function metric(url, name) {
  const { body } = await ask(`${url}/metrics`);
  const text = await body.text();
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
  return Number(value);
}

function report(rounds, pinned) {
  const ratio = (state, to) => median(rounds.map((round) => round[state].service / round[to].service));
  const row = (name, figure) => [
    name,
    ...['one', 'apart', 'together'].map((state) => {
      const all = rounds.map((round) => round[state][figure]);
      return `${number(median(all))} (${all.map((value) => value.toFixed(figure === 'batch' ? 1 : 0)).join(' ')})`;
    }),
  ];
  // Two CPUs, of which each has the caches of one instance: what remains is the database.
  const times = 2 / ratio('together', 'apart');
  print([
    ['a patch, median (each round)', 'one instance', 'two, a database each', 'two on one database'],
    row('service, CPU µs', 'service'),
    row('PostgreSQL, CPU µs', 'postgres'),
    row('events an insert', 'batch'),
    ['service, × one instance', '1', ratio('apart', 'one').toFixed(2), ratio('together', 'one').toFixed(2)],
    ['– × a database each', '', '1', ratio('together', 'apart').toFixed(2)],
    ['two on two CPUs, times one', '', '', `${times.toFixed(2)} (${LIMIT}, ${met(times >= LIMIT)})`],
  ]);
  if (!pinned) console.log('\nNothing was pinned to a CPU: the processes disturbed each other.');
}

await run(main, DEADLINE);
