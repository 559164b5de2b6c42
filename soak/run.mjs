// The soak: three instances behind a balancer, on a PostgreSQL of their own, under mixed load, while everything around
// them breaks in turn. After `npm run build`: SOAK_MINUTES=10 node soak/run.mjs (30 unless it is set)
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../bench/harness.mjs';
import { number } from '../bench/report.mjs';
import { startCallers } from './callers.mjs';
import { PHASES } from './phases.mjs';
import { report, rowOf } from './report.mjs';
import { ids, startWorld, until } from './world.mjs';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 30);
/** Resident memory at the end, as a multiple of what it was before: in a short run the service is still warming up. */
const MEMORY_LIMIT = MINUTES >= 30 ? 1.25 : MINUTES >= 10 ? 1.4 : Infinity;
/** Share of a phase in which something is broken. */
const BROKEN = 0.5;
/** Milliseconds without failures after a recovery, at least. */
const CLEAN = 2_000;
/** Milliseconds between two looks whether all is well again. */
const POLL = 500;
/**
 * Milliseconds that the reconciler has at the end, twice: before, and after, the ten minutes are skipped that it waits
 * before it calls a patch not applied.
 */
const RECONCILED_WITHIN = 90_000;

async function main() {
  const world = await startWorld();
  const { ledger } = world;
  const stop = startCallers({ ...world, tenants: ids });
  const shares = Object.values(PHASES).reduce((sum, { share }) => sum + share, 0);
  const late = [];
  for (const [name, { share, due = [], recovers, does }] of Object.entries(PHASES)) {
    ledger.begin(name, due);
    const began = Date.now();
    const ms = (MINUTES * 60_000 * share) / shares;
    await does(world, recovers === undefined ? ms : ms * BROKEN);
    if (recovers !== undefined) {
      const took = await recovery(world, recovers);
      ledger.rows.at(-1).recovery = `${number(took / 1_000)} of ${recovers / 1_000} s`;
      if (took > recovers) late.push(`${name}: not well ${took} ms after it was mended`);
      ledger.mended();
      await sleep(CLEAN);
    }
    await sleep(Math.max(0, began + ms - Date.now()));
    ledger.end();
    console.error(rowOf(ledger.rows.at(-1)).join('  '));
  }
  await stop();
  const open = await settle(world);
  const holds = await report(world, { late, open, memoryLimit: MEMORY_LIMIT });
  if (!holds) process.exitCode = 1;
}

/** Milliseconds until every instance patches a customer of every tenant; more than the limit if it takes longer. */
async function recovery({ instances, identityProvider, requests, billing, ledger }, limit) {
  const began = Date.now();
  const patch = async ({ url }, tenant, attempt) => {
    const token = identityProvider.caller({ sub: 'probe', scope: 'customers:write', tenant });
    const [{ id }] = billing.customersOf(tenant);
    const body = { name: `Probe ${attempt} ${tenant} ${url}` };
    const path = `/api/v1/customers/${id}`;
    const answer = await requests.send({ at: url, token, method: 'PATCH', path, body });
    if (answer.status !== 200) return false;
    ledger.acknowledged.push({ tenant, operation: answer.headers['x-operation-id'] });
    return true;
  };
  for (;;) {
    const attempt = Date.now();
    const patches = instances.running.flatMap((instance) => ids.map((id) => patch(instance, id, attempt)));
    const answers = await Promise.all(patches);
    const took = Date.now() - began;
    if (answers.every((isWell) => isWell) || took > limit) return took;
    await sleep(POLL);
  }
}

/** @returns the operations that are open at the end */
async function settle({ database, billing }) {
  await until(() => billing.idle(), 'the billing API is not idle');
  const noneOf = (condition) => async () =>
    (await database.query(`select id from operation where ${condition}`)).length === 0;
  const wait = (condition) => until(noneOf(condition), '', RECONCILED_WITHIN).catch(() => undefined);
  await wait(`state = 'sent'`);
  await database.query(
    `update operation set unknown_since = unknown_since - interval '10 minutes', due_at = now()`,
  );
  await wait('true');
  return database.query('select id, tenant_id, state from operation');
}

await run(main, (MINUTES + 30) * 60_000);
