// What slow and idle clients cost a caller who behaves: 10,000 idle connections, headers that come byte by byte, and
// smuggling probes, all at once, while the caller patches at a steady rate.
// After `npm run build`: node bench/slow-clients.mjs
import { Pool } from 'undici';
import { answer, apart, CUSTOMER, patch, pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { steady } from './callers.mjs';
import { median, met, number, percentile, print } from './report.mjs';

const IDLE = 10_000;
/** Milliseconds that each state lasts, and between two patches. */
const HEALTHY = 10_000;
const HOSTILE = 20_000;
const PATCH_EVERY = 20;
const RATIO = 2;
/** Milliseconds for everything. */
const DEADLINE = 120_000;

async function main() {
  pin();
  const surroundings = await startSurroundings(handleBilling);
  const settings = { ...surroundings.settings, RATE_LIMIT_PER_MINUTE: '0' };
  const token = await surroundings.tokenOf('patient');
  const bff = await start(await prepare('bench_slow', ['b'], { ...surroundings, settings }));
  const pool = new Pool(bff.url, { connections: 16 });
  let turn = 0;
  const send = () => patch(pool, token, 'b', `Acme ${turn++}`);
  await steady(send, 5_000, PATCH_EVERY);
  const healthy = await steady(send, HEALTHY, PATCH_EVERY);
  const attack = await apart('slow-attack.mjs', { url: bff.url, idle: IDLE, path: CUSTOMER.id });
  // Callers that connect anew meet the limit of connections.
  const probing = await apart('probe.mjs', { url: bff.url, every: 100, ms: HOSTILE });
  attack.go();
  probing.go();
  const during = await steady(send, HOSTILE, PATCH_EVERY);
  const [probes, counts] = await Promise.all([probing.end(), attack.end()]);
  await bff.stop();
  report({ healthy, during, probes, counts });
}

function handleBilling({ method }, response, body) {
  answer(response, { ...CUSTOMER, name: method === 'PATCH' ? JSON.parse(body).name : CUSTOMER.name });
}

function report({ healthy, during, probes, counts }) {
  const times = (answers) => answers.map(({ ms }) => ms);
  const p99 = (answers) => percentile(times(answers), 99);
  const failed = (answers) => answers.filter(({ status }) => status !== 200).length;
  const ratio = p99(during) / p99(healthy);
  const row = (name, value, limit = '', verdict = '') => [name, value, limit, verdict];
  const figures = (name, answers) => [
    row(`${name}, median`, `${number(median(times(answers)))} ms`),
    row('  p99', `${number(p99(answers))} ms`),
    row(
      '  not answered with 200',
      `${failed(answers)} of ${answers.length}`,
      '0',
      met(failed(answers) === 0),
    ),
  ];
  print([
    row('', 'measured', 'limit', ''),
    ...figures('patches while all is well', healthy),
    ...figures('patches beside slow clients', during),
    row('  p99, times the healthy one', ratio.toFixed(2), `${RATIO}`, met(ratio <= RATIO)),
    ...figures('new connections meanwhile', probes),
    ...Object.entries(counts).map(([name, count]) => row(name, `${count}`)),
  ]);
}

await run(main, DEADLINE);
