// Holds the trail against what callers were told and what the billing API applied, and prints the verdict.
import { fetch } from 'undici';
import { print } from '../bench/report.mjs';
import { check, checksOfPatches, lastWord, memoryOf, readTrail, verdictOf } from './checks.mjs';
import { ids, LOGS, until } from './world.mjs';

/** Milliseconds until a log has all events. */
const SEALED_WITHIN = 30_000;

/**
 * @param late phases that the service did not recover from in time
 * @param open operations that are open at the end
 * @returns whether all of it holds
 */
export async function report(world, { late, open, memoryLimit }) {
  const { ledger, instances, billing, folder, checkpoints, operator, database } = world;
  const sealed = async () => {
    const [{ waits }] = await database.query(`select exists (select from audit_pending)
      or exists (select from audit_log where size > checkpoint_size) as waits`);
    return !waits;
  };
  await until(sealed, 'the logs do not grow', SEALED_WITHIN);
  const download = (tenant, path, accept) =>
    operator('GET', path, undefined, { accept, 'x-tenant-id': tenant });
  const operations = new Map();
  const logs = [];
  let events = 0;
  for (const id of ids) {
    const trail = await readTrail({ id, folder, download, checkpoints });
    for (const [operation, one] of trail.operations) operations.set(operation, one);
    events += trail.events;
    logs.push(...trail.faults);
  }
  const memory = memoryOf(instances.samples, ['steady', 'steady again'], memoryLimit);
  const checks = [
    check('failures only where they are due', [
      ...ledger.undue,
      ...Array(ledger.undueCount - ledger.undue.length).fill('…'),
    ]),
    check('well again in time', late),
    ...checksOfPatches({ operations, record: billing.record, acknowledged: ledger.acknowledged }),
    check(
      'no operation is open at the end',
      open.map(({ id, tenant_id, state }) => `${id} of ${tenant_id}: ${state}`),
    ),
    check('one unbroken log a tenant, with every checkpoint that was kept', logs),
    check('no alarm, and every instance is ready', await alarmsOf(instances)),
    check('no instance ended unless it was told to', instances.unexpected),
    ...memory.checks,
  ];
  print([
    ['phase', 's', 'soak late by', 'requests', '200', 'well after', 'others'],
    ...ledger.rows.map(rowOf),
  ]);
  const words = new Map();
  for (const operation of operations.values())
    words.set(lastWord(operation), (words.get(lastWord(operation)) ?? 0) + 1);
  console.log(`\n${events} events; ${billing.record.length} patches applied; last words: ${listOf(words)}`);
  console.log(`lines of level error: ${listOf(instances.errors) || 'none'}`);
  console.log(`memory, ${memoryLimit === Infinity ? 'not judged' : `limit ${memoryLimit}`}:`);
  for (const line of memory.lines) console.log(`  ${line}`);
  console.log('');
  const holds = verdictOf(checks);
  console.log(`\n${holds ? 'All of it holds.' : 'It does not hold.'} Logs: ${LOGS}`);
  return holds;
}

async function alarmsOf({ running }) {
  const faults = [];
  for (const { number: n, url } of running) {
    const { status, audit_log } = await (await fetch(`${url}/health/ready`)).json();
    if (status !== 'up') faults.push(`instance ${n} is ${status}`);
    if (audit_log.alarms.length > 0 || audit_log.set_aside > 0)
      faults.push(`instance ${n}: ${JSON.stringify(audit_log)}`);
  }
  return faults;
}

const listOf = (counts) => [...counts].map(([what, count]) => `${count} ${what}`).join(', ');

/** A phase, as a row of the table. */
export function rowOf({ name, began, ended, lateMs, requests, answers, recovery }) {
  const others = new Map([...answers].filter(([label]) => label !== '200').toSorted());
  const seconds = ((ended - began) / 1_000).toFixed(0);
  const counts = [requests, answers.get('200') ?? 0].map(String);
  return [name, seconds, `${lateMs.toFixed(0)} ms`, ...counts, recovery ?? '', listOf(others)];
}
