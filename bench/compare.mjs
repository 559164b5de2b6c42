// What a patch costs here and with peers: CPU a request, throughput and latency, side by side in one run.
// After `npm run build`: node bench/compare.mjs [--quick]
import { fork } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { transformFileSync } from '@swc/core';
import pg from 'pg';
import { chartOf } from './chart.mjs';
import { answer, pin, prepare, run, start, startProcess, startSurroundings, undoLater } from './harness.mjs';
import { median, number, percentile, print } from './report.mjs';

const QUICK = process.argv.includes('--quick');
const ROUNDS = QUICK ? 2 : 5;
const CONNECTIONS = 64;
/** Seconds of each: what comes before is not measured. */
const WARM_UP = QUICK ? 4 : 12;
const CLOSED = QUICK ? 3 : 6;
const STEADY = QUICK ? 3 : 5;
/** Milliseconds for everything. */
const DEADLINE = QUICK ? 240_000 : 900_000;

/** The peer that the others are compared with. */
const TYPICAL = 'typical Nest on Express';
const GATEWAY = 'fastify http-proxy';

/** The twelve fields of the contract. */
const ADDRESS = {
  line1: 'Main Street 1',
  line2: '2nd floor',
  city: 'Berlin',
  state: 'BE',
  zip_code: '10115',
  country: 'DE',
};
const PATCH = {
  alias: 'acme',
  billing_address: ADDRESS,
  billing_email: 'billing@acme.example',
  currency: 'EUR',
  custom_taxes: [{ name: 'City tax', rate: '2.5', tax_code: 'CITY' }],
  invoicing_emails: ['invoices@acme.example'],
  invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
  is_tax_exempt: true,
  name: 'Acme GmbH',
  phone: '+49 30 1234567',
  shipping_address: { same_as_billing: false, address: ADDRESS },
  vat_number: 'DE123456789',
};
const CUSTOMER_ID = 'cus_7n42DGM5Tflk9n8mt7Fhc7';
/** Before any patch: other in every field. */
const BEFORE = {
  id: CUSTOMER_ID,
  ...{ name: 'Globex', alias: 'globex', billing_email: 'old@globex.example', currency: 'USD' },
  ...{ invoicing_emails: ['old@globex.example'], invoicing_entity_id: 'ive_1', phone: '+1 212 555 0100' },
  ...{ vat_number: 'FR12345678901', custom_taxes: [], billing_address: null, shipping_address: null },
};

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

function handleBilling({ method }, response, body) {
  if (method === 'GET') return answer(response, BEFORE);
  const shown = { ...BEFORE, ...JSON.parse(body) };
  delete shown.is_tax_exempt;
  answer(response, shown);
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

function requestWith(headers, keyed = false) {
  return {
    path: `/api/v1/customers/${CUSTOMER_ID}`,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(PATCH),
    keyed,
  };
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

async function startLoad() {
  const child = fork(new URL('load.mjs', import.meta.url), [JSON.stringify({ connections: CONNECTIONS })]);
  undoLater(() => child.kill('SIGKILL'));
  const ended = new Promise((_, reject) => child.once('exit', () => reject(new Error('the load ended'))));
  const answered = () => Promise.race([ended, new Promise((resolve) => child.once('message', resolve))]);
  await answered();
  return ({ url, request, seconds, perSecond }) => {
    child.send({ url, request, seconds, perSecond });
    return answered();
  };
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

/** User and system time of all threads, in milliseconds; a tick is 10 ms. */
function cpuMs(pid) {
  const [utime, stime] = fieldsOf(pid).slice(11, 13).map(Number);
  return (utime + stime) * 10;
}

/** The fields of /proc/PID/stat behind the name. */
function fieldsOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function rssMb(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

/** @returns what gives the milliseconds of CPU of the server and all its processes, those that have ended included */
async function databaseProcesses(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('select pg_backend_pid() as pid');
  const [, postmaster] = fieldsOf(rows[0].pid);
  await client.end();
  return () => {
    const [cutime, cstime] = fieldsOf(postmaster).slice(13, 15).map(Number);
    const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
      .trim()
      .split(' ');
    const alive = children.map((pid) => {
      try {
        return cpuMs(pid);
      } catch {
        return 0;
      }
    });
    return alive.reduce((sum, ms) => sum + ms, 0) + 10 * (cutime + cstime);
  };
}

await run(main, DEADLINE);
