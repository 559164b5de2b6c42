// How long a start takes, and what a patch costs in the first ten seconds after it, at half of the steady load.
// After `npm run build`: node bench/start.mjs
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { request as get } from 'undici';
import { pin, prepare, run, start, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { cpuMs } from './processes.mjs';
import { median, met, number, percentile, print } from './report.mjs';

const STARTS = 5;
/** Seconds. */
const WARM_UP = 15;
const MEASURED = 5;
const FIRST = 10;
const LIMITS = { readyMs: 1_000, first: 3, longestMs: 500 };
/** Milliseconds for everything, and between two looks whether it is ready. */
const DEADLINE = 400_000;
const POLL = 10;

async function main() {
  pin();
  const surroundings = await startSurroundings(handleBilling);
  const load = await startLoad();
  const place = await prepare('bench_start', ['a'], surroundings);
  const request = requestWith({ authorization: `Bearer ${surroundings.token}`, 'x-tenant-id': 'a' });

  const steady = await measureSteady(place, load, request);
  const starts = [];
  for (let n = 0; n < STARTS; n += 1) starts.push(await measureStart(place, load, request, steady.perSecond));
  report(steady, starts);
}

/** Half of what it does once it is warm, and what a patch costs then. The first start: it prepares the database. */
async function measureSteady(place, load, request) {
  const bff = await start(place);
  await ready(bff);
  await load({ url: bff.url, request, seconds: WARM_UP });
  const closed = await load({ url: bff.url, request, seconds: MEASURED });
  const perSecond = Math.round(closed.times.length / closed.seconds / 2);
  const before = cpuMs(bff.pid);
  const { times } = await load({ url: bff.url, request, seconds: MEASURED, perSecond });
  const cpu = (1_000 * (cpuMs(bff.pid) - before)) / times.length;
  await bff.stop();
  return { perSecond, cpu, p99: percentile(times, 99) };
}

async function measureStart(place, load, request, perSecond) {
  const began = performance.now();
  const bff = await start(place);
  await ready(bff);
  const readyMs = performance.now() - began;
  const cpu = [cpuMs(bff.pid)];
  const sampling = setInterval(() => cpu.push(cpuMs(bff.pid)), 1_000);
  const { times } = await load({ url: bff.url, request, seconds: FIRST, perSecond });
  clearInterval(sampling);
  const all = (1_000 * (cpuMs(bff.pid) - cpu[0])) / times.length;
  const firstSecond = (1_000 * (cpu[1] - cpu[0])) / perSecond;
  await bff.stop();
  return { listeningMs: bff.tookMs, readyMs, all, firstSecond, longest: Math.max(...times) };
}

async function ready({ url }) {
  for (;;) {
    const { statusCode, body } = await get(`${url}/health/ready`);
    await body.dump();
    if (statusCode === 200) return;
    await sleep(POLL);
  }
}

function report(steady, starts) {
  const row = (what, unit, figure, limit, digits = number) => {
    const values = starts.map(figure);
    const middle = median(values);
    const shown = limit === undefined ? ['', ''] : [`${limit} ${unit}`.trim(), met(middle <= limit)];
    return [what, `${digits(middle)} ${unit}`.trim(), values.map(digits).join(' '), ...shown];
  };
  const ratio = (value) => value.toFixed(2);
  print([
    ['', `median of ${STARTS}`, 'each', 'limit', ''],
    row('from the start until it listens', 'ms', ({ listeningMs }) => listeningMs),
    row('until it is ready', 'ms', ({ readyMs }) => readyMs, LIMITS.readyMs),
    row(`CPU of a patch, first ${FIRST} s / steady`, '', ({ all }) => all / steady.cpu, LIMITS.first, ratio),
    row('– first second / steady', '', ({ firstSecond }) => firstSecond / steady.cpu, undefined, ratio),
    row(`longest patch in the first ${FIRST} s`, 'ms', ({ longest }) => longest, LIMITS.longestMs),
  ]);
  console.log(
    `\nHalf load is ${steady.perSecond} patches a second; warm, one costs ${number(steady.cpu)} µs there (p99 ${number(steady.p99)} ms).`,
  );
}

await run(main, DEADLINE);
