// Whether two instances on one database do twice the work of one. On two CPUs it can't be tried: load, billing API and
// PostgreSQL need the second. So one instance and two share the same CPU in turn: what a patch costs more with two is
// what a second CPU would lose.
// After `npm run build`: node bench/instances.mjs
import { pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { cpuMs, databaseProcesses } from './processes.mjs';
import { median, met, number, print } from './report.mjs';

const ROUNDS = 6;
/** Seconds of each. */
const WARM_UP = 12;
const MEASURED = 5;
/** Times the throughput of one instance that two should have. */
const LIMIT = 1.8;
/** Milliseconds for everything. */
const DEADLINE = 300_000;

async function main() {
  const pinned = pin();
  const surroundings = await startSurroundings(handleBilling);
  const place = await prepare('bench_instances', ['a'], surroundings);
  const instances = [await start(place), await start(place)];
  const loads = [await startLoad(), await startLoad()];
  const request = requestWith({ authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' });
  const database = await databaseProcesses(surroundings.postgres);
  const states = { one: instances.slice(0, 1), two: instances };

  const measure = async (state, seconds) => {
    const service = () => instances.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
    const before = { service: service(), postgres: database() };
    const loaded = states[state].map(({ url }, n) => loads[n]({ url, request, seconds }));
    const patches = (await Promise.all(loaded)).reduce((sum, { times }) => sum + times.length, 0);
    return {
      service: (1_000 * (service() - before.service)) / patches,
      postgres: (1_000 * (database() - before.postgres)) / patches,
    };
  };
  await measure('one', WARM_UP);
  await measure('two', WARM_UP);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({ one: await measure('one', MEASURED), two: await measure('two', MEASURED) });
  report(rounds, pinned);
}

function report(rounds, pinned) {
  const row = (name, figure) => {
    const of = (state) => rounds.map((round) => round[state][figure]);
    const ratio = median(rounds.map(({ one, two }) => two[figure] / one[figure]));
    return [name, number(median(of('one'))), number(median(of('two'))), ratio.toFixed(2)];
  };
  const times = 2 / median(rounds.map(({ one, two }) => two.service / one.service));
  print([
    ['CPU µs/patch', 'one instance', 'two', 'ratio'],
    row('service', 'service'),
    row('PostgreSQL', 'postgres'),
    ['two on two CPUs, times one', '', times.toFixed(2), `${LIMIT}, ${met(times >= LIMIT)}`],
  ]);
  if (!pinned) console.log('\nNothing was pinned to a CPU: the processes disturbed each other.');
}

await run(main, DEADLINE);
