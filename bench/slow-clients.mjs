// What slow and idle clients cost a caller who behaves: 10,000 idle connections, headers that come byte by byte, and
// smuggling probes, all at once, while the caller patches at a steady rate. In each round the caller is alone first.
// After `npm run build`: node bench/slow-clients.mjs
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answer, apart, CUSTOMER, patch, pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { startCallers, steady } from './callers.mjs';
import { list, median, met, number, percentile, print } from './report.mjs';

const IDLE = 10_000;
const ROUNDS = 5;
/** As many as have a connection patch without a pause for so many milliseconds first: code gets warm by being run. */
const CALLERS = 16;
const WARM = 10_000;
/** Milliseconds that each state of a round lasts, between two states, and between two patches. */
const STATE = 8_000;
const SETTLE = 1_500;
const PATCH_EVERY = 10;
const PROBE_EVERY = 100;
const RATIO = 2;
/** Milliseconds for everything. */
const DEADLINE = 180_000;

async function main() {
  pin();
  const surroundings = await startSurroundings(handleBilling);
  const settings = { ...surroundings.settings, RATE_LIMIT_PER_MINUTE: '0' };
  const token = await surroundings.tokenOf('patient');
  const bff = await start(await prepare('bench_slow', ['b'], { ...surroundings, settings }));
  const pool = new Pool(bff.url, { connections: CALLERS });
  let turn = 0;
  const send = () => patch(pool, token, 'b', `Acme ${turn++}`);
  const attack = await apart('slow-attack.mjs', { url: bff.url, idle: IDLE, path: CUSTOMER.id });
  const warming = startCallers(CALLERS, send);
  await sleep(WARM);
  await warming.stop();

  const rounds = [];
  let counts;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Callers that connect anew meet the limit of connections.
    const probing = await apart('probe.mjs', { url: bff.url, every: PROBE_EVERY, ms: STATE });
    await sleep(SETTLE);
    const healthy = await steady(send, STATE, PATCH_EVERY);
    attack.go();
    probing.go();
    const during = await steady(send, STATE, PATCH_EVERY);
    counts = await attack.end();
    rounds.push({ healthy, during, probes: await probing.end() });
  }
  await bff.stop();
  report(rounds, counts);
}

function handleBilling({ method }, response, body) {
  answer(response, { ...CUSTOMER, name: method === 'PATCH' ? JSON.parse(body).name : CUSTOMER.name });
}

function report(rounds, counts) {
  const of = (state) => rounds.map((round) => round[state]);
  const [healthy, during, probes] = ['healthy', 'during', 'probes'].map(of);
  const ratios = rounds.map((round) => p99(round.during) / p99(round.healthy));
  print([
    row('', 'measured', 'each round', 'limit'),
    ...figures('patches while all is well', healthy),
    ...figures('patches beside slow clients', during),
    row(
      '  p99, times the healthy one',
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(' '),
      `${RATIO}`,
      met(median(ratios) <= RATIO),
    ),
    ...figures('new connections meanwhile', probes),
    ...Object.entries(counts).map(([name, count]) => row(name, `${count}`)),
  ]);
}

/** @param rounds the answers of each; a figure is the median of the rounds' figures */
function figures(name, rounds) {
  const p50 = rounds.map((answers) => median(times(answers)));
  const high = rounds.map(p99);
  const all = rounds.flat();
  const failed = all.filter(({ status }) => status !== 200).length;
  return [
    row(`${name}, median`, `${number(median(p50))} ms`, p50.map(number).join(' ')),
    row('  p99', `${number(median(high))} ms`, list(high)),
    row('  not answered with 200', `${failed}`, `of ${all.length}`, '0', met(failed === 0)),
  ];
}

function p99(answers) {
  return percentile(times(answers), 99);
}

function times(answers) {
  return answers.map(({ ms }) => ms);
}

function row(name, value, each = '', limit = '', verdict = '') {
  return [name, value, each, limit, verdict];
}

await run(main, DEADLINE);
