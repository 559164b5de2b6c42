// What one hostile caller costs another tenant: giant bodies, patches pipelined by the hundred, clear reads of the
// trail and exports that nobody reads, all at once, while the other tenant patches at a steady rate.
// After `npm run build`: node bench/hostile.mjs
import { Pool } from 'undici';
import { answer, apart, CUSTOMER, patch, pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { steady } from './callers.mjs';
import { median, met, number, percentile, print } from './report.mjs';

/** Patches of the hostile tenant in its trail before anything is measured, so that reads and exports have some work. */
const HISTORY = 1_000;
/** Milliseconds that each state lasts, and between two patches of B and between two probes. */
const HEALTHY = 10_000;
const HOSTILE = 20_000;
const PATCH_EVERY = 50;
const PROBE_EVERY = 100;

const RATIO = 3;
const PROBE_MS = 250;
/** Milliseconds for everything. */
const DEADLINE = 180_000;

const HISTORY_CALLERS = 16;

async function main() {
  pin();
  const surroundings = await startSurroundings(handleBilling);
  const { tokenOf } = surroundings;
  // The limits are what is measured, so they are as they come.
  const settings = { ...surroundings.settings };
  for (const name of ['RATE_LIMIT_PER_MINUTE', 'CALLER_MAX_IN_FLIGHT']) delete settings[name];
  // B's steady rate is above what one caller may send.
  const patient = await Promise.all(Array.from({ length: 4 }, (_, i) => tokenOf(`patient-${i}`)));
  const history = await Promise.all(Array.from({ length: 4 }, (_, i) => tokenOf(`history-${i}`)));
  const hostile = await tokenOf('hostile', 'customers:write audit:read audit:read:clear tenants:any');
  const bff = await start(await prepare('bench_hostile', ['a', 'b'], { ...surroundings, settings }));
  const pool = new Pool(bff.url, { connections: 64 });
  let turn = 0;
  const patchB = () => patch(pool, patient[turn++ % patient.length], 'b', `Acme ${turn}`);

  await fillTrail((i) => patch(pool, history[i % history.length], 'a', `Acme ${i}`));
  await steady(patchB, 3_000, PATCH_EVERY);
  const healthy = await steady(patchB, HEALTHY, PATCH_EVERY);

  const attack = await apart('attack.mjs', {
    url: bff.url,
    token: hostile,
    path: `/api/v1/customers/${CUSTOMER.id}`,
  });
  const probing = await apart('probe.mjs', { url: bff.url, every: PROBE_EVERY, ms: HOSTILE });
  await bff.loopDelay();
  attack.go();
  probing.go();
  const during = await steady(patchB, HOSTILE, PATCH_EVERY);
  const delay = await bff.loopDelay();
  const [probes, counts] = await Promise.all([probing.end(), attack.end()]);
  const after = await steady(patchB, HEALTHY / 2, PATCH_EVERY);
  await bff.stop();
  report({ healthy, during, probes, after, counts, delay });
}

function handleBilling({ method }, response, body) {
  const { name } = method === 'PATCH' ? JSON.parse(body) : CUSTOMER;
  answer(response, { ...CUSTOMER, name });
}

async function fillTrail(send) {
  let next = 0;
  const worker = async () => {
    while (next < HISTORY) {
      const { status } = await send(next++);
      if (status !== 200) throw new Error(`a patch was answered ${status} while all was well`);
    }
  };
  await Promise.all(Array.from({ length: HISTORY_CALLERS }, worker));
}

function report({ healthy, during, probes, after, counts, delay }) {
  const times = (answers) => answers.map(({ ms }) => ms);
  const ratio = median(times(during)) / median(times(healthy));
  const refusals = during.filter(({ status }) => status !== 200);
  const refused = refusals.length;
  const why = [...new Set(refusals.map(({ text }) => JSON.parse(text).type.split(':').at(-1)))].join(' ');
  const slowest = Math.max(...times(probes));
  const failed = probes.filter(({ status }) => status !== 200).length;
  const ms = (value) => `${number(value)} ms`;
  const row = (name, value, limit = '', verdict = '') => [name, value, limit, verdict];
  const patches = (name, answers) => [
    row(`B's patches ${name}, median`, ms(median(times(answers)))),
    row('  p99', ms(percentile(times(answers), 99))),
    row('  longest', ms(Math.max(...times(answers)))),
  ];
  print([
    row('', 'measured', 'limit', ''),
    ...patches('while all is well', healthy),
    ...patches('while A is hostile', during),
    row('  times the healthy median', ratio.toFixed(2), `${RATIO}`, met(ratio <= RATIO)),
    row('  refused', `${refused} of ${during.length} ${why}`, '0', met(refused === 0)),
    ...patches('afterwards', after),
    row('/health/live meanwhile, median', ms(median(times(probes)))),
    row('  p99', ms(percentile(times(probes), 99))),
    row('  longest', ms(slowest), ms(PROBE_MS), met(slowest <= PROBE_MS && failed === 0)),
    row("the service's event loop meanwhile, longest turn", ms(delay.max)),
    row('  p99', ms(delay.p99)),
    ...Object.entries(counts)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => row(`A: ${name}`, `${count}`)),
  ]);
}

await run(main, DEADLINE);
