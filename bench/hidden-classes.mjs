// The hidden classes that V8 makes for each request once it is warm: there should be none, because each is garbage in
// the old generation, and what reads its object can't be fast (docs/adr/0053-objects-of-known-shape.md).
// After `npm run build`: node bench/hidden-classes.mjs
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answer, CUSTOMER, prepare, run, start, startSurroundings } from './harness.mjs';
import { print } from './report.mjs';

const TENANT = 'b';
const SCOPE = 'customers:read customers:write audit:read tenants:any';
/** Requests of each kind: until its code is optimised, and while it is observed. */
const WARM = 1_500;
const OBSERVED = 200;
/** Milliseconds in which what was observed is written, and those between two timers of the service. */
const WRITTEN = 1_500;
/** Milliseconds for everything. */
const DEADLINE = 300_000;

async function main() {
  const surroundings = await startSurroundings(handleBilling);
  const settings = { ...surroundings.settings, RATE_LIMIT_PER_MINUTE: '0' };
  const token = await surroundings.tokenOf('caller', SCOPE);
  const place = await prepare('bench_classes', [TENANT], { ...surroundings, settings });
  const log = join(place.folder, 'v8.log');
  const bff = await start(place, ['--log-maps', `--logfile=${log}`, '--no-logfile-per-isolate']);
  const pool = new Pool(bff.url, { connections: 1 });
  const headers = {
    authorization: `Bearer ${token}`,
    'x-tenant-id': TENANT,
    'content-type': 'application/json',
  };
  const path = `/api/v1/customers/${CUSTOMER.id}`;
  let turn = 0;
  const body = () => JSON.stringify({ name: `Acme ${turn++}` });
  const ask = async (request) => {
    const { statusCode, body: answered } = await pool.request({
      ...request,
      headers: { ...headers, ...request.headers },
    });
    await answered.text();
    if (statusCode !== 200) throw new Error(`${request.method} ${request.path} was answered ${statusCode}`);
  };
  const patch = (extra) => ask({ method: 'PATCH', path, body: body(), headers: extra });
  const kinds = {
    'a patch': () => patch({}),
    '– with an idempotency key': () => patch({ 'idempotency-key': `"key-${turn}"` }),
    '– with If-Match: *': () => patch({ 'if-match': '*' }),
    'a preview': () => ask({ method: 'POST', path: `${path}/preview`, body: body() }),
    'a customer': () => ask({ method: 'GET', path }),
    'a page of audit events': () => ask({ method: 'GET', path: '/api/v1/audit-events?limit=20' }),
    'a connection': () => comeAndGo(new URL(bff.url)),
  };
  const rows = [];
  for (const [name, send] of Object.entries(kinds)) rows.push(await observe(name, send, log));
  await bff.stop();
  print([['', 'hidden classes of each', 'for the members'], ...rows]);
}

function handleBilling({ method }, response, body) {
  answer(response, { ...CUSTOMER, name: method === 'PATCH' ? JSON.parse(body).name : CUSTOMER.name });
}

async function observe(name, send, log) {
  for (let n = 0; n < WARM; n += 1) await send();
  await sleep(WRITTEN);
  const from = statSync(log).size;
  for (let n = 0; n < OBSERVED; n += 1) await send();
  await sleep(WRITTEN);
  const members = madeIn(textOf(log, from));
  // What is made now and then, by a timer, does not count.
  const each = [...members].filter(([, count]) => count >= OBSERVED / 2);
  const total = each.reduce((sum, [, count]) => sum + count, 0);
  return [name, (total / OBSERVED).toFixed(0), each.map(([member]) => member).join(', ')];
}

/** How many hidden classes were made, by the member that made its object another. */
function madeIn(text) {
  const members = new Map();
  for (const line of text.split('\n')) {
    const [, kind, , , , , row, column, , member] = /^map,/.test(line)
      ? ['', ...line.split(',').slice(1)]
      : [];
    if (kind !== 'Transition') continue;
    const at = `${member} (${row}:${column})`;
    members.set(at, (members.get(at) ?? 0) + 1);
  }
  return members;
}

function textOf(file, from) {
  const bytes = Buffer.alloc(statSync(file).size - from);
  const opened = openSync(file);
  readSync(opened, bytes, 0, bytes.length, from);
  closeSync(opened);
  return bytes.toString('latin1');
}

/** A client that connects and leaves without a request. */
function comeAndGo({ hostname, port }) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end());
    socket.once('error', reject);
    socket.once('close', resolve);
    socket.resume();
  });
}

await run(main, DEADLINE);
