// Whether the verifier stays linear and small: exports of up to 20 million leaves, of which retention dropped a month.
// The exports are made here, with the least of events, and are valid to the last byte: node bench/leaves.mjs [leaves]
import { Buffer } from 'node:buffer';
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, undoLater } from './harness.mjs';
import { met, print } from './report.mjs';
import { verify } from './verifier.mjs';

const LEAVES = Number(process.argv[2] ?? 20_000_000);
/** Of the largest log: the costs of a leaf in the first and the last are compared. */
const SHARES = [1 / 16, 1 / 4, 1];
/** The months of a log; the first was dropped. */
const MONTHS = 20;
/** Where two months meet, their events take turns: each of the dropped month is a range of its own. */
const TURNS = 1_000;
/** Leaves between two checkpoints that an auditor kept. */
const KEEP_EVERY = 20_000;
const DEADLINE = 1_800_000;
const LIMITS = { rate: 20_000, memory: 200, growth: 1.5 };

const ORIGIN = 'bench.example/acme';
const FIRST_EVENT_LEFT = Date.UTC(2025, 1, 1);
const MONTH = 30 * 86_400_000;
const LINES_AT_A_TIME = 10_000;

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'bff-leaves-'));
  undoLater(() => rmSync(folder, { recursive: true, force: true }));
  const key = newKey();
  const keys = join(folder, 'vkeys.txt');
  writeFileSync(keys, `${key.vkey}\n`);
  const logs = SHARES.map((share) => writeLog(folder, Math.round(LEAVES * share), key));
  console.log('written');
  const results = [];
  for (const { file, kept, leaves, events } of logs) {
    const result = await verify([file, '--keys', keys, '--checkpoints', kept], DEADLINE);
    results.push({ ...result, leaves, events, gigabytes: statSync(file).size / 1e9 });
    console.log(`${result.seconds.toFixed(1)} s\n${result.said}`);
  }
  report(results);
}

function newKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url');
  const typed = Buffer.concat([Buffer.of(1), raw]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${ORIGIN}\n`), typed])).slice(0, 8);
  return { id, privateKey, vkey: `${ORIGIN}+${id}+${typed.toString('base64')}` };
}

function checkpoint({ size, root }, { id, privateKey }) {
  const text = `${ORIGIN}\n${size}\n${root.toString('base64')}\n`;
  const signature = Buffer.concat([Buffer.from(id, 'hex'), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${ORIGIN} ${signature.toString('base64')}\n`;
}

/** The export of a log, and checkpoints of its whole life. */
function writeLog(folder, leaves, key) {
  const [file, kept] = [join(folder, `${leaves}.ndjson`), join(folder, `${leaves}.txt`)];
  const dropped = Math.floor(leaves / MONTHS);
  const mixed = dropped + 2 * TURNS;
  const tree = new Tree();
  const notes = [];
  const out = openSync(file, 'w');
  // Its length is known, its root only at the end.
  const headOf = (state) =>
    `${JSON.stringify({ export: { origin: ORIGIN, from_leaf: 0, to_leaf: leaves, checkpoint: checkpoint(state, key) } })}\n`;
  writeSync(out, headOf({ size: leaves, root: Buffer.alloc(32) }));
  let lines = [];
  let events = 0;
  for (let leaf = 0; leaf < leaves; leaf += 1) {
    if (leaf === dropped) lines.push(prunedLine(0, dropped, tree.peaks));
    const text = eventOf(leaf, dropped, mixed, leaves);
    const leafHash = hash('sha256', `\0${text}}`, 'buffer');
    tree.append(leafHash);
    if (leaf >= mixed || (leaf >= dropped && (leaf - dropped) % 2 === 0)) {
      lines.push(`${text},"leaf_index":${leaf}}\n`);
      events += 1;
    } else if (leaf >= dropped) lines.push(prunedLine(leaf, leaf + 1, [leafHash]));
    if (lines.length === LINES_AT_A_TIME) {
      writeSync(out, lines.join(''));
      lines = [];
    }
    if (tree.size % KEEP_EVERY === 0) notes.push(checkpoint(tree, key));
  }
  writeSync(out, `${lines.join('')}${JSON.stringify({ end: { events } })}\n`);
  writeSync(out, headOf(tree), 0);
  closeSync(out);
  writeFileSync(kept, notes.join(''));
  return { file, kept, leaves, events };
}

/** An event but for its last brace. */
function eventOf(leaf, dropped, mixed, leaves) {
  const sinceMixed = Math.floor(((leaf - mixed) / (leaves - mixed)) * (MONTHS - 1) * MONTH);
  const time = leaf < mixed ? FIRST_EVENT_LEFT + leaf - dropped : FIRST_EVENT_LEFT + 2 * TURNS + sinceMixed;
  const hex = time.toString(16).padStart(12, '0');
  const number = leaf.toString(16).padStart(12, '0');
  return `{"action":"customer.patch","id":"${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${number}","tenant_id":"acme"`;
}

function prunedLine(from, to, hashes) {
  return `${JSON.stringify({ pruned: { from, to, hashes: hashes.map((one) => one.toString('base64')) } })}\n`;
}

/** RFC 6962: the roots of the perfect subtrees, from the left. */
class Tree {
  size = 0;
  peaks = [];

  append(leafHash) {
    let node = leafHash;
    for (let full = this.size; full % 2 === 1; full = (full - 1) / 2) node = nodeHash(this.peaks.pop(), node);
    this.peaks.push(node);
    this.size += 1;
  }

  get root() {
    return this.peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

const node = Buffer.alloc(65, 1);
function nodeHash(left, right) {
  left.copy(node, 1);
  right.copy(node, 33);
  return hash('sha256', node, 'buffer');
}

function report(results) {
  const costs = results.map(({ seconds, leaves }) => seconds / leaves);
  const growth = costs.at(-1) / costs[0];
  print([
    ['leaves', 'events', 'GB', 'verified in', 'events a second', 'limit', '', 'RSS', 'limit', ''],
    ...results.map(({ leaves, events, gigabytes, seconds, memory }) => [
      ...[String(leaves), String(events), gigabytes.toFixed(2), `${seconds.toFixed(1)} s`],
      ...[(events / seconds).toFixed(0), String(LIMITS.rate), met(events / seconds >= LIMITS.rate)],
      ...[`${memory.toFixed(0)} MB`, `${LIMITS.memory} MB`, met(memory < LIMITS.memory)],
    ]),
  ]);
  console.log(
    `\na leaf of the largest costs ${growth.toFixed(2)} times one of the smallest (limit ${LIMITS.growth}): ${met(growth <= LIMITS.growth)}`,
  );
}

await run(main, DEADLINE);
