#!/usr/bin/env node
// Checks an export of the audit trail offline, against keys that you trust. Needs Node.js and nothing else.
//
//   node scripts/audit-verify.mjs <export.ndjson> --keys <jwks.json> [--seals <file of seals kept outside>]
//
// The export is what GET /api/v1/audit-events answers to Accept: application/x-ndjson: one event a line, in the order
// of its log, and a trailer with every seal. The keys are those of GET /api/v1/audit-keys, as you got them when you
// began to trust them; a later key counts if one of them, or one that they lead to, signed it. The file of seals has one
// compact JWS a line (other lines, such as those of a log, are searched for one).
//
// What is checked:
//   1. every seal is signed by a trusted key (EdDSA, RFC 8032 and 7515)
//   2. the seals are a chain: numbered from 1, each naming the hash of the one before, and never shrinking
//   3. the events and the hashes of dropped ones are the leaves of one Merkle tree (RFC 9162), and its root is, at the
//      size of every seal, the one that was sealed
//   4. every seal that was kept outside is in the chain as it was kept
//   5. what is missing can have been dropped by retention: it drops whole months of events, the oldest first, and keeps
//      their hashes. So whatever was sealed after the oldest month that still has events began must be there itself
//   6. nothing waits for a seal that should have one long since: it would have been put in beside the service
//   7. what the export shows in clear (`clear`, for who may see it) is what the event committed to: HMAC-SHA-256 of the
//      RFC 8785 form of the value, keyed with its salt
//   8. every line reads one way only: no member twice, nothing that another reader could take for something else
// A leaf is SHA-256 of 0x00 and the event's RFC 8785 form without `seal` and without `clear` in its changes.
import { Buffer } from 'node:buffer';
import { createHash, createHmac, createPublicKey, verify as verifySignature } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';

/** What is wrong, and where: said to the auditor. */
class Wrong extends Error {}

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafHash = (text) => sha256('\u0000', text);
const nodeHash = (left, right) => sha256('\u0001', left, right);
const hex = (bytes) => Buffer.from(bytes).toString('hex');

/** RFC 8785: members sorted by UTF-16 code units, numbers and texts as ECMAScript writes them. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}

/** The sealed form of an event. */
function withoutSeal(line) {
  const event = { ...line, changes: line.changes.map((change) => ({ ...change })) };
  delete event.seal;
  for (const change of event.changes) delete change.clear;
  return canonical(event);
}

function parse(text, what) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Wrong(`${what} is not JSON`);
  }
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Milliseconds since the epoch: what a UUIDv7 begins with (RFC 9562). */
function timeOf(id) {
  const ms = parseInt(String(id).replaceAll('-', '').slice(0, 12), 16);
  if (!(ms < 8.64e15)) throw new Wrong(`${id} is no UUIDv7`);
  return ms;
}
const monthOf = (ms) => new Date(ms).toISOString().slice(0, 7);

const fromBase64url = (text) => Buffer.from(text, 'base64url');

// --- Signatures ---

/** Public keys by kid: those given, and those that one of them signed. */
class TrustedKeys {
  constructor(jwks) {
    this.keys = new Map();
    for (const jwk of Array.isArray(jwks?.keys) ? jwks.keys : []) if (jwk) this.add(jwk);
    if (this.keys.size === 0) throw new Wrong('--keys holds no Ed25519 key');
  }

  add({ kty, crv, x, kid }) {
    if (kty !== 'OKP' || crv !== 'Ed25519' || typeof kid !== 'string') return;
    this.keys.set(kid, createPublicKey({ key: { kty, crv, x }, format: 'jwk' }));
  }

  /** The payload of a compact JWS that a trusted key signed. */
  open(jws, what) {
    const [head = '', body = '', signature = '', ...rest] = jws.split('.');
    const header = parse(fromBase64url(head).toString(), `the header of ${what}`);
    if (rest.length > 0 || header.alg !== 'EdDSA') throw new Wrong(`${what} is no EdDSA JWS`);
    if (!this.keys.has(header.kid) && typeof header.endorsement === 'string') this.follow(header, what);
    const key = this.keys.get(header.kid);
    if (key === undefined)
      throw new Wrong(`${what} is signed by the key ${header.kid}, which is not trusted`);
    if (!verifySignature(null, Buffer.from(`${head}.${body}`), key, fromBase64url(signature)))
      throw new Wrong(`the signature of ${what} is false`);
    return parse(fromBase64url(body).toString(), `the payload of ${what}`);
  }

  /** A key that a trusted one signed is trusted. */
  follow({ kid, endorsement }, what) {
    const endorsed = this.open(endorsement, `the endorsement of the key of ${what}`);
    if (endorsed.kid !== kid) throw new Wrong(`the endorsement of the key of ${what} is of another key`);
    this.add(endorsed);
  }
}

// --- The tree ---

/** A growing Merkle tree: the roots of its perfect subtrees, from the left. */
class Tree {
  constructor() {
    this.size = 0;
    this.peaks = [];
  }

  append(leaf) {
    let hash = leaf;
    for (let rest = this.size; rest % 2 === 1; rest = (rest - 1) / 2) hash = nodeHash(this.peaks.pop(), hash);
    this.peaks.push(hash);
    this.size += 1;
  }

  get root() {
    return hex(this.peaks.reduceRight((right, left) => nodeHash(left, right)));
  }
}

// --- The seals ---

/** Every seal of the trailer, in order, each checked for itself and against the one before. */
function openSeals(jwsList, log, keys) {
  let before;
  return jwsList.map((jws, index) => {
    const what = `seal ${index + 1}`;
    const seal = { ...keys.open(jws, what), jws };
    if (seal.log !== log) throw new Wrong(`${what} is of the log ${seal.log}, not of ${log}`);
    if (seal.seal !== index + 1) throw new Wrong(`${what} is missing: seal ${seal.seal} is in its place`);
    const previous = before === undefined ? null : hex(sha256(before.jws));
    if (seal.previous !== previous) throw new Wrong(`${what} does not follow the seal before it`);
    if (before !== undefined && seal.tree_size <= before.tree_size)
      throw new Wrong(`${what} covers no more than the seal before it`);
    before = seal;
    return seal;
  });
}

/**
 * Seals that were kept outside have to be in the chain, letter by letter; but for those that were made after the export,
 * which its own event dates.
 */
function checkKept(file, seals, { trailer: { log }, exportedAt }, keys) {
  // A log may hold other tokens: those are no seals.
  const kept = (readFileSync(file, 'utf8').match(/\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]{86}/g) ?? []).filter(
    isSigned,
  );
  let found = 0;
  let newer = 0;
  for (const jws of kept) {
    const { log: of, seal: number, sealed_at: at } = keys.open(jws, 'a seal kept outside');
    if (of !== log) continue;
    const ours = seals[number - 1];
    if (ours === undefined && Date.parse(at) > exportedAt) newer += 1;
    else if (ours === undefined)
      throw new Wrong(
        `seal ${number} of ${at} was kept outside, and the trail ends before it: it was rolled back`,
      );
    else if (ours.jws !== jws)
      throw new Wrong(`seal ${number} is not the one that was kept outside: the trail was rewritten`);
    else found += 1;
  }
  if (found + newer === 0) throw new Wrong(`${file} holds no seal of the log ${log}`);
  return { found, newer };
}

/** Whether the header says EdDSA. */
function isSigned(jws) {
  try {
    return JSON.parse(fromBase64url(jws.split('.')[0]).toString()).alg === 'EdDSA';
  } catch {
    return false;
  }
}

// --- The export ---

/** Values in clear have to be those that the event committed to. */
function checkClear({ changes }, what) {
  for (const { field, clear = {}, ...change } of changes)
    for (const side of ['before', 'after'].filter((one) => one in clear)) {
      const salt = fromBase64url(String(clear[`${side}_salt`]));
      const commitment = createHmac('sha256', salt).update(canonical(clear[side])).digest('hex');
      if (change[`${side}_commitment`] !== commitment)
        throw new Wrong(`${what} shows a value of ${field} in clear (${side}) that it did not commit to`);
    }
}

/** The lines of a file. Not readline's: that of newer versions of Node also breaks lines at U+2028, within a text. */
async function* linesOf(file) {
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const [end, ...lines] = chunk.split('\n');
    rest += end;
    for (const line of lines) {
      yield rest.replace(/\r$/, '');
      rest = line;
    }
  }
  if (rest !== '') yield rest;
}

/** Reads the lines: the hash of every leaf in its place, what no seal covers, and the trailer. */
async function readExport(file) {
  const leaves = [];
  const claims = [];
  const ids = [];
  const dropped = [];
  const unsealed = new Set();
  let events = 0;
  let oldest = Infinity;
  let exportedAt = -Infinity;
  let number = 0;
  let trailer;
  for await (const line of linesOf(file)) {
    number += 1;
    if (trailer !== undefined) throw new Wrong(`line ${number} comes after the trailer`);
    try {
      const entry = parse(line, `line ${number}`);
      if (JSON.stringify(entry) !== line)
        throw new Wrong(`line ${number} is not written as the service writes`);
      take(entry);
    } catch (error) {
      throw error instanceof Wrong ? error : new Wrong(`line ${number} is no event (${error.message})`);
    }
  }
  if (trailer === undefined) throw new Wrong('the export has no trailer: it was cut off');
  if (trailer.count !== events)
    throw new Wrong(`the trailer counts ${trailer.count} events, and there are ${events}`);
  return { leaves, claims, ids, events, dropped, unsealed, oldest, exportedAt, trailer };

  function take(entry) {
    if ('trailer' in entry)
      trailer = only(only(entry, ['trailer']).trailer, ['complete', 'count', 'log', 'seals']);
    else if ('leaf' in entry) {
      const leaf = only(only(entry, ['leaf']).leaf, ['event_id', 'leaf_hash', 'leaf_index', 'log']);
      dropped.push({ index: leaf.leaf_index, id: leaf.event_id });
      put(leaf.leaf_index, Buffer.from(leaf.leaf_hash, 'hex'), `${leaf.event_id} on line ${number}`);
    } else takeEvent(entry);
  }

  function takeEvent(entry) {
    const where = `${entry.id} on line ${number}`;
    const at = timeOf(entry.id);
    events += 1;
    exportedAt = Math.max(exportedAt, at);
    checkClear(entry, `the event ${where}`);
    const hash = leafHash(withoutSeal(entry));
    if (entry.seal === null) {
      if (unsealed.has(entry.id)) throw new Wrong(`${where} is there twice`);
      unsealed.add(entry.id);
    } else {
      const { seal, leaf_index: index } = only(entry.seal, ['leaf_index', 'seal']);
      if (unsealed.size > 0) throw new Wrong(`${where} is sealed, and comes after what is not`);
      put(index, hash, where);
      claims[index] = seal;
      oldest = Math.min(oldest, at);
    }
  }

  /** In the order of the log; one that is missing is found when the tree is grown. */
  function put(index, hash, id) {
    // Any other key would be in the array, and no part of the tree.
    if (!Number.isInteger(index) || index < 0 || index > 2 ** 32 - 2)
      throw new Wrong(`${id} claims the leaf ${JSON.stringify(index)}`);
    if (leaves[index] !== undefined)
      throw new Wrong(`leaf ${index} is there twice: ${ids[index]}, and ${id}`);
    if (index < leaves.length) throw new Wrong(`leaf ${index} (${id}) is not in its place`);
    leaves[index] = hash;
    ids[index] = id;
  }
}

/** The value, if it is an object with these members and no others. */
function only(value, names) {
  if (Object.keys(value).sort().join() !== names.join())
    throw new Wrong(`a line has other members than ${names.join(', ')}: ${Object.keys(value).join(', ')}`);
  return value;
}

/** Grows the tree leaf by leaf; at the size of each seal its root has to be the sealed one. */
function checkTree({ leaves, claims, ids }, seals) {
  const tree = new Tree();
  let from = 0;
  for (const { seal, tree_size: size, root } of seals) {
    while (tree.size < size) {
      const leaf = leaves[tree.size];
      if (leaf === undefined) throw new Wrong(`leaf ${tree.size} is missing, which seal ${seal} covers`);
      if ((claims[tree.size] ?? seal) !== seal)
        throw new Wrong(`${ids[tree.size]} claims seal ${claims[tree.size]}, and seal ${seal} is its own`);
      tree.append(leaf);
    }
    if (tree.root !== root)
      throw new Wrong(
        `the events are not those of seal ${seal}: one of leaves ${from} to ${size - 1} was changed ` +
          `(${ids[from]} to ${ids[size - 1]})`,
      );
    from = size;
  }
  if (leaves.length > tree.size)
    throw new Wrong(`leaf ${tree.size} says that it is sealed, and no seal covers it`);
}

/** Whatever is left out must be of months before the oldest that has events. */
function checkDropped({ dropped, oldest }, seals) {
  if (oldest === Infinity) return;
  const month = monthOf(oldest);
  // The last events of a month are sealed in the next one, or later if the database was away: a day is allowed.
  const latest = Date.parse(`${month}-01T00:00:00Z`) + DAY;
  for (const { index, id } of dropped) {
    const { seal, sealed_at: at } = seals.find(({ tree_size: size }) => index < size);
    if (monthOf(timeOf(id)) >= month || Date.parse(at) > latest)
      throw new Wrong(
        `the event of leaf ${index} (${id}, sealed by seal ${seal} on ${at}) is missing, and retention did not drop ` +
          `it: there are events of ${month}, and it drops whole months, the oldest first`,
      );
  }
}

/** Retention, or somebody who imitates it: the auditor knows how long the trail is to be kept. */
function droppedUpTo(dropped, seals) {
  if (dropped.length === 0) return '';
  const { index } = dropped.reduce((one, other) => (other.index > one.index ? other : one));
  const { sealed_at: at } = seals.find(({ tree_size: size }) => index < size);
  return `, sealed up to ${at}: dropped by retention, if the trail need not be kept that long`;
}

/** Seals follow within seconds: an event without one that is older than the last seal never went through the service. */
function checkUnsealed({ unsealed, ids }, seals) {
  const last = seals.at(-1);
  for (const id of unsealed) {
    if (timeOf(id) < Date.parse(last.sealed_at) - MINUTE)
      throw new Wrong(
        `the event ${id} is older than seal ${last.seal} of ${last.sealed_at}, and no seal covers it: ` +
          'it was put in afterwards (if the database was away just now, export again in a minute)',
      );
    if (timeOf(id) > Date.now() + DAY) throw new Wrong(`the event ${id} is of a time to come`);
  }
  for (const sealed of ids)
    if (unsealed.has(sealed?.split(' ')[0]))
      throw new Wrong(`${sealed} is there once more, without its seal`);
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { keys: { type: 'string' }, seals: { type: 'string' } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1 || values.keys === undefined)
    throw new Wrong(
      'usage: audit-verify <export.ndjson> --keys <jwks.json> [--seals <file of seals kept outside>]',
    );
  const keys = new TrustedKeys(parse(readFileSync(values.keys, 'utf8'), '--keys'));
  const exported = await readExport(file);
  const { trailer } = exported;
  if (trailer.complete !== true)
    throw new Wrong(
      'the export is filtered: only a complete one can be verified; prove single events by their /proof',
    );
  const seals = openSeals(trailer.seals, trailer.log, keys);
  if (seals.length === 0)
    throw new Wrong('there is no seal yet, so nothing is proven: export again in some seconds');
  checkTree(exported, seals);
  checkDropped(exported, seals);
  checkUnsealed(exported, seals);
  const kept = values.seals === undefined ? undefined : checkKept(values.seals, seals, exported, keys);
  const { events, dropped, unsealed, exportedAt } = exported;
  const last = seals.at(-1);
  console.log(
    `valid: the log ${trailer.log}, exported ${new Date(exportedAt).toISOString()} by its own account`,
  );
  console.log(`  ${events} events, of which ${unsealed.size} are not sealed yet and prove nothing`);
  console.log(`  ${dropped.length} leaves without their events${droppedUpTo(dropped, seals)}`);
  console.log(`  ${seals.length} seals, the last of ${last.sealed_at} over ${last.tree_size} leaves`);
  console.log(
    kept === undefined
      ? '  no seals kept outside were given: a trail that was rolled back as a whole would not be noticed'
      : `  ${kept.found} seals kept outside are in it${kept.newer === 0 ? '' : `; newer than this export: ${kept.newer}`}`,
  );
}

try {
  await main();
} catch (error) {
  // Whatever a forged file makes this stumble over is no valid export either.
  console.error(
    `NOT VALID: ${error instanceof Wrong ? error.message : `the input is malformed (${error.message})`}`,
  );
  process.exitCode = 1;
}
