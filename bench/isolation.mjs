// What one tenant's trouble with the billing API costs the others, and what one that is down costs its callers.
// After `npm run build`: node bench/isolation.mjs
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { expectOnly200, isRefusal, POLL, recoveryOf, startCallers, untilRefused } from './callers.mjs';
import { answer, CUSTOMER, patch, prepare, run, start, startSurroundings } from './harness.mjs';
import { list, median, met, number, percentile, print } from './report.mjs';

/** Of a well and a hanging billing API in turn, so that whatever else the machine does meets both; and of outages. */
const ROUNDS = 5;
const OUTAGES = 3;
/** Callers of B, and of A while all is well: each asks again as soon as it is answered. */
const CALLERS = 8;
/** Callers of A while its requests hang: more than its half of the requests in flight, so that some are refused at once. */
const HANGING_CALLERS = 96;
/** Milliseconds that one of them waits after any answer. */
const PAUSE = 50;
/** Milliseconds that each state lasts: the second one long enough for time-outs, an open breaker and its next try. */
const HEALTHY = 6_000;
const HANGING = 14_000;
/** Milliseconds after which a request that hangs times out, and A's breaker opens: BILLING_API_TIMEOUT_MS. */
const TIME_OUT = 5_000;
const REFUSALS = 1_000;
const FAILURES = 1_000;
const FAILING_CALLERS = 8;

const RATIO = 2;
const REFUSAL_MS = 10;
/** Milliseconds for everything. */
const DEADLINE = 400_000;

/** What makes the billing API fail. */
const BAD_NAME = 'Bad GmbH';

/** Whether A's requests hang. */
let hanging = false;

async function main() {
  const { HALF_OPEN_AFTER } = await import(
    new URL('../dist/billing/circuit-breakers.js', import.meta.url).href
  );
  const surroundings = await startSurroundings(handleBilling);
  const bff = await start(await prepare('bench_isolation', ['a', 'b'], surroundings));
  const tenantOf = (id) => {
    const pool = new Pool(bff.url, { connections: HANGING_CALLERS });
    return (name = 'Acme AG') => patch(pool, surroundings.token, id, name);
  };
  const tenants = { a: tenantOf('a'), b: tenantOf('b') };
  await load([tenants.a, tenants.b], 3_000);

  const hang = await measureHanging(tenants);
  const down = await measureDown(tenants.b, surroundings.billing, bff);
  const failing = await measureFailing(tenants);
  await bff.stop();
  report({ hang, down, failing, halfOpen: HALF_OPEN_AFTER });
}

function handleBilling({ method, headers }, response, body) {
  if (hanging && headers.authorization.startsWith('Bearer pv_live_a_')) return;
  const { name } = method === 'PATCH' ? JSON.parse(body) : CUSTOMER;
  if (name === BAD_NAME) answer(response, { code: 'INTERNAL_SERVER_ERROR', message: 'internal error' }, 500);
  else answer(response, { ...CUSTOMER, name });
}

/** All of them under load for so long. */
async function load(tenants, ms) {
  const groups = tenants.map((send) => startCallers(CALLERS, send));
  await sleep(ms);
  return Promise.all(groups.map(({ stop }) => stop()));
}

async function measureHanging({ a, b }) {
  const rounds = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const [ofA, healthy] = await load([a, b], HEALTHY);
    expectOnly200(ofA);
    expectOnly200(healthy);

    hanging = true;
    const callersOfB = startCallers(CALLERS, b);
    const callersOfA = startCallers(HANGING_CALLERS, a, PAUSE);
    const began = performance.now();
    await sleep(HANGING);
    const during = await callersOfB.stop();
    const answersOfA = [...callersOfA.answers];
    hanging = false;
    const [recovery] = await Promise.all([recoveryOf(a), callersOfA.stop()]);

    const before = during.filter(({ at }) => at - began < TIME_OUT);
    const after = during.filter(({ at }) => at - began >= TIME_OUT);
    const figures = {
      healthy: p99(healthy),
      hanging: p99(during),
      before: p99(before),
      after: p99(after),
      healthyRate: healthy.length / (HEALTHY / 1_000),
      hangingRate: during.length / (HANGING / 1_000),
      refusedRate: answersOfA.length / (HANGING / 1_000),
      refusedB: during.filter(({ status }) => status !== 200).length,
      recovery,
    };
    console.error(`round ${round}: ${JSON.stringify(figures, rounded)}`);
    rounds.push(figures);
  }
  return rounds;
}

async function measureDown(send, billing, bff) {
  const refusals = [];
  const cpu = [];
  const recoveries = [];
  for (let round = 1; round <= OUTAGES; round += 1) {
    await takeDown(billing);
    await untilRefused(send);
    if (round === 1) {
      cpu.push(bff.cpuMs());
      while (refusals.length < REFUSALS) refusals.push(await send());
      cpu.push(bff.cpuMs());
      await bringBack(billing);
      await recoveryOf(send);
      await takeDown(billing);
      await untilRefused(send);
    }
    // At its worst: the breaker has just opened.
    await bringBack(billing);
    recoveries.push(await recoveryOf(send));
  }
  console.error(`down: recoveries ${JSON.stringify(recoveries, rounded)}`);
  return { refusals, recoveries, cpu };
}

async function takeDown({ server }) {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

async function bringBack({ server, port }) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

/** One caller's bad value, over and over, among others' good ones. */
async function measureFailing({ a, b }) {
  const groups = [a, b].map((send) => startCallers(CALLERS, send));
  const failures = [];
  const failing = async () => {
    while (failures.length < FAILURES) failures.push(await a(BAD_NAME));
  };
  await Promise.all(Array.from({ length: FAILING_CALLERS }, failing));
  const [ofA, ofB] = await Promise.all(groups.map(({ stop }) => stop()));
  const refused = (answers) => answers.filter(({ status }) => status !== 200).length;
  return {
    failed: failures.filter(({ status }) => status === 502).length,
    asked: failures.length,
    a: { refused: refused(ofA), asked: ofA.length },
    b: { refused: refused(ofB), asked: ofB.length },
  };
}

const p99 = (answers) =>
  percentile(
    answers.map(({ ms }) => ms),
    99,
  );
const rounded = (_key, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value);

function report({ hang, down, failing, halfOpen }) {
  const each = (name) => hang.map((round) => round[name]);
  const ratios = hang.map((round) => round.hanging / round.healthy);
  const refusedB = each('refusedB').reduce((sum, count) => sum + count);
  const times = down.refusals.map(({ ms }) => ms);
  const refusals = down.refusals.filter(isRefusal).length;
  const slow = times.filter((ms) => ms >= REFUSAL_MS).length;
  const afterHanging = each('recovery').map(({ after }) => after);
  const afterDown = down.recoveries.map(({ after }) => after);
  const inTime = (values, limit) => met(Math.max(...values) <= limit);
  const ms = (values) => `${number(median(values))} ms`;
  print([
    [`median of ${ROUNDS} rounds, or as it says`, 'measured', 'each', 'limit', ''],
    ["B's p99 while the billing API is well", ms(each('healthy')), list(each('healthy')), '', ''],
    ["B's p99 while A's requests hang", ms(each('hanging')), list(each('hanging')), '', ''],
    ['  until they time out', ms(each('before')), list(each('before')), '', ''],
    ['  while they are refused', ms(each('after')), list(each('after')), '', ''],
    [
      '  times the healthy one',
      median(ratios).toFixed(2),
      ratios.map((ratio) => ratio.toFixed(2)).join(' '),
      `${RATIO}`,
      met(median(ratios) <= RATIO),
    ],
    ["B's patches while all is well", rate(each('healthyRate')), list(each('healthyRate')), '', ''],
    ["B's patches while A's hang", rate(each('hangingRate')), list(each('hangingRate')), '', ''],
    ["A's patches answered meanwhile", rate(each('refusedRate')), list(each('refusedRate')), '', ''],
    ["B's patches refused meanwhile, all", `${refusedB}`, '', '0', met(refusedB === 0)],
    [
      'hangs no more: until the first patch of A that succeeds, longest',
      `${number(Math.max(...afterHanging))} ms`,
      list(afterHanging),
      `${halfOpen + TIME_OUT + POLL} ms`,
      inTime(afterHanging, halfOpen + TIME_OUT + POLL),
    ],
    [`down: ${REFUSALS} patches, one at a time, p50`, `${number(percentile(times, 50))} ms`, '', '', ''],
    [
      '  p99',
      `${number(percentile(times, 99))} ms`,
      '',
      `${REFUSAL_MS} ms`,
      met(percentile(times, 99) < REFUSAL_MS),
    ],
    ['  longest', `${number(Math.max(...times))} ms`, `${slow} of ${REFUSAL_MS} ms or more`, '', ''],
    ['  CPU of each in the BFF, and its wait for one', ...perRefusal(down.cpu), '', '', ''],
    ['  503 with Retry-After', `${refusals}`, '', `${REFUSALS}`, met(refusals === REFUSALS)],
    [
      'up again: until the first patch that succeeds, longest',
      `${number(Math.max(...afterDown))} ms`,
      list(afterDown),
      `${halfOpen + POLL} ms`,
      inTime(afterDown, halfOpen + POLL),
    ],
    ["502s for one caller's bad value", `${failing.failed} of ${failing.asked}`, '', '', ''],
    ["  A's other patches not answered 200", outOf(failing.a), '', '0', met(failing.a.refused === 0)],
    ["  B's patches not answered 200", outOf(failing.b), '', '0', met(failing.b.refused === 0)],
  ]);
}

/** A machine that does something else shows in the wait. */
function perRefusal([before, after]) {
  if (before === undefined) return ['not measured'];
  const each = (name) => `${number((after[name] - before[name]) / REFUSALS)} ms`;
  return [`${each('ran')}, ${each('waited')}`];
}

const rate = (values) => `${number(median(values))} /s`;
const outOf = ({ refused, asked }) => `${refused} of ${asked}`;

await run(main, DEADLINE);
