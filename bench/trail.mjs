// What a large trail costs: getting it into its log, asking for a page of it, taking all of it away, and verifying that.
// After `npm run build`: node bench/trail.mjs [events]
import { createHash } from 'node:crypto';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Pool } from 'undici';
import { answer, CUSTOMER, prepare, run, start, startSurroundings } from './harness.mjs';
import { list, median, met, percentile, print } from './report.mjs';
import { verify } from './verifier.mjs';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const BATCH = 5_000;
const TENANT = 'acme';
/** First pages for each filter. */
const PAGES = 20;
/** Events a second, and seconds, that sealing has to keep up with. */
const RATE = 1_000;
const SECONDS = 20;
const DEADLINE = 900_000;
/** Events that come after the first export. */
const MORE = 1_000;
const LIMITS = { page: 50, export: 20_000, memory: 100, lag: 5_000, verify: 20_000, verifier: 200 };

const ACTIONS = [
  'customer.patch',
  'customer.patch',
  'customer.patch',
  'customer.patch.previewed',
  'access.refused',
];
const OUTCOMES = ['applied', 'applied', 'applied', 'applied', 'unchanged', 'rejected'];
const FIELDS = ['name', 'alias', 'billing_email', 'phone', 'vat_number', 'billing_address'];

await run(async () => {
  const surroundings = await startSurroundings((_request, response) => answer(response, CUSTOMER));
  const prepared = await prepare('trail', [TENANT], surroundings);
  const bff = await start(prepared);
  const pool = new Pool(bff.url, { connections: 4 });
  const client = new pg.Client({ connectionString: prepared.environment.DATABASE_URL });
  await client.connect();
  try {
    const loading = await load(client, EVENTS);
    console.log('loaded', loading);
    const lag = await keepUp(client);
    console.log('sealing', lag);
    await client.query('vacuum analyze');
    const pages = await askForPages(pool, surroundings.token);
    console.log('pages', pages);
    const exported = await takeAway(pool, bff, surroundings, 'export.ndjson');
    console.log('export', exported);
    const verified = await verifyExport(exported.file, surroundings, pool);
    console.log('verify', verified);
    await insert(
      client,
      Array.from({ length: MORE }, (_, n) => makeEvent(EVENTS + RATE * SECONDS + n, Date.now())),
    );
    await allInLog(client);
    const size = Number(/after_leaf=(\d+)/.exec(verified.said)?.[1]);
    const next = await takeAway(pool, bff, surroundings, 'next.ndjson', `?after_leaf=${size}`);
    const nextVerified = await verifyExport(next.file, surroundings, pool);
    console.log('next', next, nextVerified);
    report({ loading, lag, pages, exported, verified, next, nextVerified });
  } finally {
    await pool.close();
    await client.end();
    await bff.stop();
  }
}, DEADLINE);

/** Inserts events, and waits until they are in the log. */
async function load(client, count) {
  const began = performance.now();
  const first = Date.now() - count;
  for (let at = 0; at < count; at += BATCH)
    await insert(
      client,
      Array.from({ length: Math.min(BATCH, count - at) }, (_, n) => makeEvent(at + n, first + at + n)),
    );
  const insertedMs = performance.now() - began;
  await allInLog(client);
  return { insertedMs, loggedMs: performance.now() - began };
}

/** Under a checkpoint, too. */
async function allInLog(client) {
  for (;;) {
    const { rows } = await client.query('select from audit_log where size > checkpoint_size');
    if (rows.length === 0 && (await pendingAge(client)) === undefined) return;
    await sleep(200);
  }
}

/** Inserts at a steady rate and looks how old the oldest event is that is not in the log. */
async function keepUp(client) {
  const ages = [];
  const began = performance.now();
  for (let done = 0; done < RATE * SECONDS;) {
    const due = Math.floor(((performance.now() - began) / 1_000) * RATE) - done;
    if (due > 0)
      await insert(
        client,
        Array.from({ length: due }, (_, n) => makeEvent(EVENTS + done + n, Date.now())),
      );
    done += Math.max(0, due);
    ages.push((await pendingAge(client)) ?? 0);
    await sleep(50);
  }
  return { longest: Math.max(...ages), median: median(ages) };
}

/** Milliseconds; undefined when all is in the log. */
async function pendingAge(client) {
  const { rows } = await client.query(
    `select ('x' || replace(left(min(event_id::text), 13), '-', ''))::bit(48)::bigint as made from audit_pending`,
  );
  return rows[0].made === null ? undefined : Date.now() - Number(rows[0].made);
}

async function insert(client, events) {
  const rows = events.map((event) => ({
    stored_at: 'now',
    action: event.action,
    phase: event.phase,
    outcome: event.outcome,
    credential_version: event.credential.version,
    credential_fingerprint: `\\x${event.credential.fingerprint}`,
    upstream_duration_ms: event.upstream.duration_ms,
    upstream_attempts: event.upstream.attempts,
    upstream_status: event.upstream.status,
    status: event.status,
    id: event.id,
    trace_id: event.trace_id,
    operation_id: event.operation_id,
    request_uuid: event.request_id,
    actor_is_service: false,
    tenant_id: event.tenant_id,
    actor_sub: event.actor.sub,
    actor_client_id: event.actor.client_id,
    actor_scopes: JSON.stringify(event.actor.scopes),
    ip: event.origin.ip,
    user_agent: event.origin.user_agent,
    customer_id: event.target.customer_id,
    changes: JSON.stringify(
      event.changes.map(({ field, effect, after, before }) => [field, effect, after, before]),
    ),
    commitments: `\\x${event.changes.map((change) => change.after_commitment + change.before_commitment).join('')}`,
  }));
  await client.query(
    `with stored as (
      insert into audit_record select row.* from json_populate_recordset(null::audit_record, $1::json) as row returning id
    ) insert into audit_pending (event_id, log) select id, $2 from stored`,
    [JSON.stringify(rows), TENANT],
  );
}

/** One event in ten thousand is a rare one: its actor, action, outcome, customer and version are seldom asked for. */
function makeEvent(n, at) {
  const rare = n % 10_000 === 17;
  const hash = createHash('sha256').update(String(n)).digest('hex');
  const id = idOf(at, n, hash);
  const customer = rare ? 'cus_rare' : `cus_${1_000 + (n % 20_000)}`;
  const commitment = hash.slice(0, 64);
  return {
    id,
    operation_id: idOf(at, Math.floor(n / 2), 'f'.repeat(64)),
    occurred_at: new Date(at).toISOString(),
    tenant_id: TENANT,
    actor: {
      type: 'user',
      sub: rare ? 'rare' : `user-${n % 500}`,
      client_id: 'frontend',
      scopes: ['customers:write'],
    },
    origin: { ip: '203.0.113.7', user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0)' },
    request_id: id,
    trace_id: hash.slice(0, 32),
    action: rare ? 'personal-data.erased' : ACTIONS[n % ACTIONS.length],
    phase: n % 2 === 0 ? 'intent' : 'outcome',
    target: { ref: customer, customer_id: customer },
    outcome: rare ? 'unverifiable' : OUTCOMES[n % OUTCOMES.length],
    status: 200,
    upstream: { status: 200, attempts: 1, duration_ms: 12 },
    credential: { version: rare ? 7 : 1 + (n % 3), fingerprint: hash.slice(0, 32) },
    changes: [FIELDS[n % FIELDS.length], FIELDS[(n + 1) % FIELDS.length]].map((field) => ({
      field,
      before: 'A***',
      after: 'B***',
      effect: 'applied',
      before_commitment: commitment,
      after_commitment: commitment,
    })),
  };
}

/** A UUIDv7 of a time. */
function idOf(at, n, hash) {
  const time = at.toString(16).padStart(12, '0');
  const sequence = (n % 4_096).toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-8${hash.slice(0, 3)}-${hash.slice(3, 15)}`;
}

async function askForPages(pool, token) {
  const middle = new Date(Date.now() - EVENTS / 2).toISOString();
  const filters = {
    'no filter': '',
    customer: 'customer=cus_1500',
    'customer, rare': 'customer=cus_rare',
    'customer and field': 'customer=cus_1500&field=phone',
    actor: 'actor=user-77',
    'actor, rare': 'actor=rare',
    'actor, a client': 'actor=frontend',
    action: 'action=customer.patch',
    'action, rare': 'action=personal-data.erased',
    outcome: 'outcome=applied',
    'outcome, rare': 'outcome=unverifiable',
    credential_version: 'credential_version=2',
    'credential_version, rare': 'credential_version=7',
    from: `from=${middle}`,
    to: `to=${middle}`,
    'from and to, nothing between': 'from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
    'actor and outcome, rare': 'actor=user-77&outcome=unverifiable',
  };
  const times = {};
  for (const [name, query] of Object.entries(filters)) {
    times[name] = [];
    for (let n = 0; n < PAGES; n += 1) {
      const began = performance.now();
      const { statusCode, body } = await pool.request({
        method: 'GET',
        path: `/api/v1/audit-events?${query}`,
        headers: asking(token),
      });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`${name}: ${statusCode} ${text}`);
      times[name].push(performance.now() - began);
    }
  }
  return times;
}

function asking(token) {
  return { authorization: `Bearer ${token}`, 'x-tenant-id': TENANT };
}

async function takeAway(pool, bff, { folder, token }, name, query = '') {
  const before = bff.rssMb();
  let highest = before;
  const watch = setInterval(() => (highest = Math.max(highest, bff.rssMb())), 100);
  const file = join(folder, name);
  const began = performance.now();
  const { statusCode, body } = await pool.request({
    method: 'GET',
    path: `/api/v1/audit-events${query}`,
    headers: { ...asking(token), accept: 'application/x-ndjson' },
    bodyTimeout: DEADLINE,
  });
  if (statusCode !== 200) throw new Error(`the export was answered ${statusCode}`);
  await pipeline(body, createWriteStream(file));
  clearInterval(watch);
  return { file, ms: performance.now() - began, memory: highest - before };
}

async function verifyExport(file, { folder, token }, pool) {
  const { body } = await pool.request({
    method: 'GET',
    path: '/api/v1/audit-log/keys',
    headers: asking(token),
  });
  const [keys, state] = [join(folder, 'vkeys.txt'), join(folder, 'state.json')];
  writeFileSync(keys, await body.text());
  return verify([file, '--keys', keys, '--state', state], DEADLINE);
}

function report({ loading, lag, pages, exported, verified, next, nextVerified }) {
  const total = EVENTS + RATE * SECONDS;
  const rate = total / (exported.ms / 1_000);
  print([
    [`${EVENTS} events`, 'measured', 'limit', ''],
    ['inserted, and in the log', `${(loading.loggedMs / 1_000).toFixed(0)} s`, '', ''],
    [
      `oldest outside of the log at ${RATE}/s for ${SECONDS} s`,
      `${lag.longest.toFixed(0)} ms (median ${lag.median.toFixed(0)})`,
      `${LIMITS.lag} ms`,
      met(lag.longest <= LIMITS.lag),
    ],
    ...Object.entries(pages).map(([name, times]) => [
      `first page: ${name}`,
      `${median(times).toFixed(1)} ms (p95 ${percentile(times, 95).toFixed(1)})`,
      `${LIMITS.page} ms`,
      met(median(times) <= LIMITS.page),
    ]),
    ['export, events a second', list([rate]), String(LIMITS.export), met(rate >= LIMITS.export)],
    [
      '  RSS above before, highest',
      `${exported.memory.toFixed(0)} MB`,
      `${LIMITS.memory} MB`,
      met(exported.memory <= LIMITS.memory),
    ],
    [
      'verify, events a second',
      list([total / verified.seconds]),
      String(LIMITS.verify),
      met(total / verified.seconds >= LIMITS.verify),
    ],
    [
      '  RSS, highest',
      `${verified.memory.toFixed(0)} MB`,
      `${LIMITS.verifier} MB`,
      met(verified.memory < LIMITS.verifier),
    ],
    [`the next ${MORE} events: export`, `${next.ms.toFixed(0)} ms`, '', ''],
    ['  verify', `${(nextVerified.seconds * 1_000).toFixed(0)} ms`, '', ''],
  ]);
  console.log(`\n${verified.said}`);
}
