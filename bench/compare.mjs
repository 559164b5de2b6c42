// What a patch costs here and with peers: CPU a request, throughput and latency, side by side in one run.
// After `npm run build`: node bench/compare.mjs [--quick]
import { mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { transformFileSync } from '@swc/core';
import { chartOf } from './chart.mjs';
import { pin, prepare, run, start, startProcess, startSurroundings } from './harness.mjs';
import { handleBilling, requestWith, startLoad } from './patches.mjs';
import { cpuMs, databaseProcesses, rssMb } from './processes.mjs';
import { median, number, percentile, print } from './report.mjs';

const QUICK = process.argv.includes('--quick');
const ROUNDS = QUICK ? 2 : 5;
/** Seconds of each: what comes before is not measured. */
const WARM_UP = QUICK ? 4 : 25;
const CLOSED = QUICK ? 3 : 6;
const STEADY = QUICK ? 2 : 5;
/** Milliseconds for everything. */
const DEADLINE = QUICK ? 240_000 : 900_000;

/** The peer that the others are compared with. */
const TYPICAL = 'typical Nest on Express';
const GATEWAY = 'fastify http-proxy';

async function main() {
  const pinned = pin();
  const surroundings = await startSurroundings(handleBilling);
  const variants = await startVariants(surroundings);
  const load = await startLoad();
  const database = await databaseProcesses(surroundings.postgres);
  for (const variant of variants) await load({ ...variant, seconds: WARM_UP });
  const rounds = new Map(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const variant of variants) rounds.get(variant.name).push(await measure(variant, load, database));
  report(variants, rounds, pinned);
}

async function startVariants(surroundings) {
  const { billing, settings, token, folder } = surroundings;
  const peer = async (name, module) => {
    const environment = { BILLING_URL: billing.url, BILLING_TOKEN: 'pv_live_bench' };
    return { name, ...(await startProcess([module], { environment, folder })), request: requestWith({}) };
  };
  const ours = async (name, database, more, keyed = false) => {
    const place = { ...surroundings, settings: { ...settings, ...more } };
    const bff = await start(await prepare(database, ['a'], place));
    const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': 'a' };
    return { name, ...bff, request: requestWith(headers, keyed) };
  };
  const always = await ours('BFF, read before', 'bench_always', {});
  return [
    await peer('node:http + undici', new URL('peers/node-http.mjs', import.meta.url).pathname),
    await peer(GATEWAY, new URL('peers/http-proxy.mjs', import.meta.url).pathname),
    await peer(TYPICAL, compiled('typical-nest')),
    await ours('BFF, no read', 'bench_never', { CUSTOMER_PRE_READ: 'never' }),
    always,
    { ...always, name: 'BFF, read and key', request: { ...always.request, keyed: true } },
  ];
}

/** The peer in TypeScript, compiled as a team would do it. */
function compiled(name) {
  const { code } = transformFileSync(new URL(`peers/${name}.ts`, import.meta.url).pathname, {
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'es6' },
  });
  const folder = new URL('.build/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${name}.mjs`, folder);
  writeFileSync(file, code);
  return file.pathname;
}

async function measure({ url, request, pid }, load, database) {
  const before = { service: cpuMs(pid), database: database() };
  const closed = await load({ url, request, seconds: CLOSED });
  const count = closed.times.length;
  const service = (1_000 * (cpuMs(pid) - before.service)) / count;
  const postgres = (1_000 * (database() - before.database)) / count;
  const perSecond = count / closed.seconds;
  const steady = await load({ url, request, seconds: STEADY, perSecond: perSecond / 2 });
  return {
    service,
    postgres,
    perSecond,
    p50: percentile(steady.times, 50),
    p99: percentile(steady.times, 99),
    rss: rssMb(pid),
  };
}

function report(variants, rounds, pinned) {
  const rows = variants.map(({ name }) => {
    const of = (figure) => median(rounds.get(name).map((round) => round[figure]));
    const times = (peer) =>
      median(rounds.get(name).map(({ service }, round) => service / rounds.get(peer)[round].service));
    return {
      name,
      service: of('service'),
      spread: rounds.get(name).map(({ service }) => Math.round(service)),
      timesTypical: times(TYPICAL),
      timesGateway: times(GATEWAY),
      postgres: of('postgres'),
      perSecond: of('perSecond'),
      p50: of('p50'),
      p99: of('p99'),
      rss: of('rss'),
    };
  });
  const heading = [
    ...['', 'CPU µs/request', '(each round)', `× ${TYPICAL}`, `× ${GATEWAY}`, 'PostgreSQL µs', 'requests/s'],
    ...['p50 ms at half load', 'p99', 'RSS MB'],
  ];
  print([
    heading,
    ...rows.map((row) => [
      row.name,
      number(row.service),
      row.spread.join(' '),
      row.timesTypical.toFixed(2),
      row.timesGateway.toFixed(2),
      row.name.startsWith('BFF') ? number(row.postgres) : '–',
      number(row.perSecond),
      number(row.p50),
      number(row.p99),
      number(row.rss),
    ]),
  ]);
  if (!pinned) console.log('\nNothing was pinned to a CPU: the processes disturbed each other.');
  const folder = new URL('.build/', import.meta.url);
  const history = { at: new Date().toISOString(), node: process.version, pinned, rounds: ROUNDS, rows };
  writeFileSync(new URL('compare.json', folder), `${JSON.stringify(history, null, 2)}\n`);
  writeFileSync(new URL('compare.svg', folder), chartOf(rows, TYPICAL));
  console.log('\nbench/.build/compare.json, compare.svg');
}

await run(main, DEADLINE);
