// What must hold at the end, by the trail, the billing API's own record and the verifier.
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median, percentile } from '../bench/report.mjs';

const VERIFIER = fileURLToPath(new URL('../scripts/audit-verify.mjs', import.meta.url));
/** MB that are no growth: a collection more or less. */
const MEMORY_SLACK = 16;
const SHOWN = 5;

/** One line of the verdict: what must hold, and what does not. */
const check = (what, faults) => ({ what, faults });

/**
 * Exports the log of a tenant and has it verified, with all checkpoints that were kept outside.
 * @returns the operations in it, and what is wrong
 */
export async function readTrail({ id, folder, download, checkpoints }) {
  const file = join(folder, `${id}.ndjson`);
  const keys = join(folder, `${id}.keys`);
  writeFileSync(file, await download(id, 'audit-events', 'application/x-ndjson'));
  writeFileSync(keys, await download(id, 'audit-log/keys', 'text/plain'));
  const kept = existsSync(checkpoints(id)) ? ['--checkpoints', checkpoints(id)] : [];
  const { status, stdout, stderr } = spawnSync(process.execPath, [VERIFIER, file, '--keys', keys, ...kept]);
  const faults = status === 0 ? [] : [`${id}: ${String(stdout)}${String(stderr)}`];
  const operations = new Map();
  let events = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const event = JSON.parse(line);
    if (event.id === undefined) continue;
    events += 1;
    if (event.action !== 'customer.patch' || event.operation_id === null) continue;
    const operation = operations.get(event.operation_id) ?? { tenant: id, intents: 0, outcomes: [] };
    if (event.phase === 'intent') operation.intents += 1;
    else operation.outcomes.push(event.outcome);
    operations.set(event.operation_id, operation);
  }
  return { operations, events, faults };
}

/** The last word: an `unknown` beside a final one came before it, whatever the order in the log. */
export const lastWord = ({ outcomes }) => outcomes.find((outcome) => outcome !== 'unknown') ?? outcomes[0];

/**
 * @param operations of all tenants, by id
 * @param record what the billing API applied
 */
export function checksOfPatches({ operations, record, acknowledged }) {
  const applied = new Map();
  for (const { operation, fields } of record)
    applied.set(operation, [...(applied.get(operation) ?? []), fields]);
  const every = [...operations];
  const wrong = (isWrong) =>
    every.filter(([id, operation]) => isWrong(operation, applied.has(id))).map(([id, one]) => story(id, one));
  return [
    check(
      'an acknowledged patch has both events, or was unchanged and has its one',
      acknowledged
        .filter(({ operation }) => !isWhole(operations.get(operation)))
        .map(({ operation }) => story(operation, operations.get(operation))),
    ),
    check('an operation has one intent at most, and ends with one final outcome', wrong(isUnended)),
    check(
      '`applied` was applied',
      wrong((operation, was) => lastWord(operation) === 'applied' && !was),
    ),
    check(
      '`not_applied`, `rejected` and `unchanged` were not',
      wrong(
        (operation, was) => ['not_applied', 'rejected', 'unchanged'].includes(lastWord(operation)) && was,
      ),
    ),
    check(
      'what was applied has an intent',
      [...applied.keys()].filter((id) => (operations.get(id)?.intents ?? 0) === 0),
    ),
    check('no operation was applied twice', twice(record.map(({ operation }) => operation))),
    check('no change was applied twice', twice(record.flatMap(({ fields }) => fields.name ?? []))),
  ];
}

function isWhole(operation) {
  if (operation === undefined) return false;
  const word = lastWord(operation);
  return word === 'unchanged' || (word === 'applied' && operation.intents === 1);
}

function isUnended({ intents, outcomes }) {
  const final = outcomes.filter((outcome) => outcome !== 'unknown');
  return intents > 1 || final.length !== 1 || outcomes.length > 2;
}

const story = (id, operation) =>
  operation === undefined
    ? `${id}: not in the trail`
    : `${id} of ${operation.tenant}: ${operation.intents} intent, ${operation.outcomes.join(' → ') || 'no outcome'}`;

function twice(values) {
  const seen = new Set();
  return values.filter((value) => seen.has(value) || !seen.add(value));
}

/**
 * By process: only those that ran from one steady phase to the other.
 * @param limit of the median of the other, as a multiple of that of the one; Infinity: it is not judged
 */
export function memoryOf(samples, [before, after], limit) {
  const grown = [];
  const lines = [];
  for (const pid of new Set(samples.map((sample) => sample.pid))) {
    const own = samples.filter((sample) => sample.pid === pid);
    const [early, late] = [before, after].map((name) =>
      own.filter(({ phase }) => phase === name).map(({ mb }) => mb),
    );
    if (early.length === 0 || late.length === 0) continue;
    // The service has just been restarted when the first of them begins.
    const [from, to] = [early.slice(early.length / 2), late].map((values) => median(values));
    const most = percentile(
      own.map(({ mb }) => mb),
      100,
    );
    const line = `instance ${own[0].number}: ${from.toFixed(0)} MB, then ${to.toFixed(0)} MB (${(to / from).toFixed(2)}), at most ${most.toFixed(0)} MB`;
    lines.push(line);
    if (to > from * limit && to > from + MEMORY_SLACK) grown.push(line);
  }
  return {
    lines,
    checks: limit === Infinity ? [] : [check(`memory is flat: at most ${limit} times`, grown)],
  };
}

/** The verdict, and whether all holds. */
export function verdictOf(checks) {
  for (const { what, faults } of checks) {
    console.log(`${faults.length === 0 ? 'holds    ' : 'FAILS    '} ${what}`);
    for (const fault of faults.slice(0, SHOWN)) console.log(`            ${fault}`);
    if (faults.length > SHOWN) console.log(`            and ${faults.length - SHOWN} more`);
  }
  return checks.every(({ faults }) => faults.length === 0);
}

export { check };
