// What one hostile caller costs another tenant: giant bodies, patches pipelined by the hundred, clear reads of the
// trail and exports that nobody reads, all at once, while the other tenant patches at a steady rate.
// After `npm run build`: node bench/hostile.mjs
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, request } from 'undici';
import { answer, CUSTOMER, patch, prepare, run, start, startSurroundings } from './harness.mjs';
import { median, met, number, percentile, print } from './report.mjs';

/** Patches of the hostile tenant in its trail before anything is measured, so that reads and exports have some work. */
const HISTORY = 1_000;
/** Milliseconds that each state lasts, and between two patches of B and between two probes. */
const HEALTHY = 10_000;
const HOSTILE = 20_000;
const PATCH_EVERY = 50;
const PROBE_EVERY = 100;

/** Milliseconds between two attacks with all of this. */
const BURST_EVERY = 1_000;
const GIANT_BODIES = 8;
const PIPELINED = 500;
const CLEAR_READS = 40;
const STALLED_EXPORTS = 60;

const RATIO = 3;
const PROBE_MS = 250;
/** Milliseconds for everything. */
const DEADLINE = 180_000;

/** Just below 64 KiB. */
const GIANT = `{"custom_taxes":[${Array.from({ length: 21_000 }, () => '{}').join(',')}]}`;
const HISTORY_CALLERS = 16;

async function main() {
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

  const attack = startAttack(new URL(bff.url), hostile);
  const [during, probes] = await Promise.all([
    steady(patchB, HOSTILE, PATCH_EVERY),
    steady(() => probe(bff.url), HOSTILE, PROBE_EVERY),
  ]);
  const counts = attack.stop();
  const after = await steady(patchB, HEALTHY / 2, PATCH_EVERY);
  await bff.stop();
  report({ healthy, during, probes, after, counts });
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

/** One every so many milliseconds, whether or not the one before was answered; @returns status and time of each. */
async function steady(send, ms, every) {
  const answers = [];
  const began = performance.now();
  for (let n = 0; n * every < ms; n += 1) {
    await sleep(Math.max(0, began + n * every - performance.now()));
    answers.push(send());
  }
  return Promise.all(answers);
}

/** On a connection of its own, as probes come. */
async function probe(url) {
  const began = performance.now();
  const { statusCode, body } = await request(`${url}/health/live`, { headers: { connection: 'close' } });
  await body.text();
  return { status: statusCode, ms: performance.now() - began };
}

/** Everything at once, and again every second; @returns how often what was answered, once it is stopped. */
function startAttack({ hostname, port }, token) {
  const counts = {};
  const sockets = new Set();
  const head = (line, more = '') =>
    `${line} HTTP/1.1\r\nHost: bff\r\nAuthorization: Bearer ${token}\r\nX-Tenant-Id: a\r\n${more}\r\n`;
  const patchWith = (body) => {
    const type = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    return head(`PATCH /api/v1/customers/${CUSTOMER.id}`, type) + body;
  };
  const reads = '/api/v1/audit-events?limit=200';

  /** Writes it on a new connection and reads so many answers, unless it stalls. */
  const send = (name, text, answers) => {
    const socket = connect(Number(port), hostname);
    sockets.add(socket);
    let seen = 0;
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      for (const [, status] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        counts[`${name} ${status}`] = (counts[`${name} ${status}`] ?? 0) + 1;
        seen += 1;
      }
      if (answers === undefined) socket.pause();
      else if (seen >= answers) socket.destroy();
    });
    socket.write(text);
  };
  const exported = head('GET /api/v1/audit-events', 'Accept: application/x-ndjson\r\n');
  const burst = () => {
    for (let i = 0; i < STALLED_EXPORTS; i += 1) send('export', exported, undefined);
    for (let i = 0; i < CLEAR_READS; i += 1) send('clear read', head(`GET ${reads}`), 1);
    for (let i = 0; i < GIANT_BODIES; i += 1) send('giant body', patchWith(GIANT), 1);
    send('pipelined', patchWith('{"name":"Acme pipelined"}').repeat(PIPELINED), PIPELINED);
  };
  burst();
  const timer = setInterval(burst, BURST_EVERY);
  return {
    stop() {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
      return counts;
    },
  };
}

function report({ healthy, during, probes, after, counts }) {
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
    ...Object.entries(counts)
      .sort(([one], [other]) => one.localeCompare(other))
      .map(([name, count]) => row(`A: ${name}`, `${count}`)),
  ]);
}

await run(main, DEADLINE);
