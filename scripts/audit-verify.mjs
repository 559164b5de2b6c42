#!/usr/bin/env node
// Checks an export of the audit trail offline, against keys that you trust. Needs Node.js and nothing else.
//
// The export is the answer of GET /api/v1/audit-events to Accept: application/x-ndjson: a first line with a checkpoint
// (a signed statement of the log's size and root), then the log's events in order, then a last line. The formats are
// those of C2SP: signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof. The tree is that of RFC 6962.
//
// What is checked:
//   1. the checkpoint is signed by a key that you gave, under the name of that key's log, and has not ended
//   2. every event is its own canonical form (RFC 8785), and has its place in the log; together with the hashes of
//      what retention dropped, the events are the leaves of a tree with the root that was signed
//   3. every checkpoint that was kept outside, by you (--state, --checkpoints) or by a witness, is the state that this
//      log had at that size: else it was rewritten; none is larger than the export: else it was rolled back
//   4. enough witnesses cosigned (--witness, --quorum)
//   5. what is missing can have been dropped by retention, which drops whole months, the oldest first
//   6. what is shown in clear (`clear`) is what the event committed to: HMAC-SHA-256 of the value's RFC 8785 form
// A leaf is SHA-256 of 0x00 and the event's RFC 8785 form without `leaf_index` and without `clear` in its changes.
import { Buffer, isUtf8 } from 'node:buffer';
import { createHmac, createPublicKey, hash, verify as verifySignature } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';

const USAGE = `Usage:
  audit-verify <export.ndjson> --keys <vkeys.txt> [--state <state.json>] [--checkpoints <file>]
               [--witness <vkey>]... [--quorum <n>]
  audit-verify <event.json> --proof <event.tlog-proof> --keys <vkeys.txt> [--witness <vkey>]... [--quorum <n>]

  --keys         the log's public keys, one a line: <vkey>, <vkey> until <size> (a key that was taken out: it
                 counts for checkpoints up to that size), or <vkey> continued at <size> (the log of that name was
                 restarted under a new one, and the new log took over its first <size> leaves). # begins a comment
  --state        where the last export ended; written when this one is valid. The next may begin there (?after_leaf=)
  --checkpoints  any text with checkpoints that were kept outside: notes, proofs, log lines, mails
  --witness      a witness's public key; may be repeated
  --quorum       how many of them have to have cosigned; all, unless given
  --proof        checks one event, as GET /api/v1/audit-events/{id} answers it, with its /proof

Exit status: 0 valid, 1 not valid (what and where is said), 2 could not check.
`;

/** What is wrong, and where. */
class Wrong extends Error {}
/** Why nothing can be said. */
class CannotCheck extends Error {}

/** Longer lines are not read: no event comes near. */
const LONGEST_LINE = 4 * 1024 * 1024;
const MOST_SIGNATURES = 64;
/** The last that a Date can hold. */
const LAST_SECOND = 8.64e12;
/** Earlier ends that a state keeps: an export may begin at any of them. */
const EARLIER_ENDS = 50;
/** Examples in a message. */
const SHOWN = 5;
const MINUTE = 60_000;
/** An event may enter the log so much later than its time says; then it is reported. */
const LATE = 15 * MINUTE;
/** The last events of a month may enter the log so much after its end. */
const MONTH_ENDS_WITHIN = 60 * MINUTE;

function main() {
  const { positionals, values } = readArguments();
  if (values.help) return process.stdout.write(USAGE);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0 || values.keys === undefined)
    throw new CannotCheck(`one file and --keys are needed\n\n${USAGE}`);
  const witnesses = values.witness.map((text) => readVkey(text, COSIGNATURE, '--witness'));
  const quorum = readQuorum(values.quorum, new Set(witnesses.map(({ id }) => id)).size);
  const trust = { keys: readKeys(values.keys), witnesses, quorum };
  if (values.proof !== undefined) return print(verifyProof(file, values.proof, trust));
  const { state: stateFile, checkpoints: keptFile } = values;
  const verified = verifyExport(file, { ...trust, stateFile, keptFile });
  if (stateFile !== undefined) writeState(stateFile, verified);
  return print(reportOf(verified, { ...trust, stateFile }));
}

const print = (lines) => process.stdout.write(`${lines.join('\n  ')}\n`);

function readArguments() {
  const text = { type: 'string' };
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        keys: text,
        state: text,
        checkpoints: text,
        witness: { type: 'string', multiple: true, default: [] },
        quorum: text,
        proof: text,
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new CannotCheck(`${error.message}\n\n${USAGE}`);
  }
}

function readQuorum(text, witnesses) {
  if (text === undefined) return witnesses;
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > witnesses)
    throw new CannotCheck(`--quorum is a number from 1 to that of the witnesses given, ${witnesses}`);
  return Number(text);
}

// --- Keys ---

const SIGNATURE = 0x01;
const COSIGNATURE = 0x04;

/** A public key as text: <name>+<key id>+<base64 of its type and its 32 bytes> (C2SP signed-note). */
function readVkey(text, type, where) {
  const [, name, id, base64] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text) ?? [];
  const bytes = name === undefined ? undefined : fromBase64(base64);
  if (bytes?.length !== 33) throw new CannotCheck(`${where}: ${text} is no vkey of an Ed25519 key`);
  if (hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), bytes])).slice(0, 8) !== id)
    throw new CannotCheck(`${where}: the key id of ${text} is not that of its key`);
  if (bytes[0] !== type)
    throw new CannotCheck(
      type === COSIGNATURE
        ? `${where}: ${text} is the key of a log: put it into --keys`
        : `${where}: ${text} is the key of a witness, or of no known kind: a witness is given by --witness`,
    );
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.subarray(1).toString('base64url') };
  return { name, id: `${name}+${id}`, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
}

function readKeys(file) {
  const keys = readText(file)
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .flatMap((line, index) => {
      if (line === '') return [];
      const where = `${file}, line ${index + 1}`;
      const [, vkey, word, size] = /^(\S+)(?:\s+(until|continued\s+at)\s+(\d{1,15}))?$/.exec(line) ?? [];
      if (vkey === undefined)
        throw new CannotCheck(`${where} is no <vkey>, <vkey> until <size> or <vkey> continued at <size>`);
      const key = readVkey(vkey, SIGNATURE, where);
      if (word === undefined) return [{ ...key, ends: Infinity }];
      return [
        word === 'until'
          ? { ...key, ends: Number(size) }
          : { ...key, ends: Infinity, continuedAt: Number(size) },
      ];
    });
  if (keys.length === 0) throw new CannotCheck(`${file} has no key`);
  // Of a key that is there twice, the stricter line counts.
  return keys.sort((one, other) => one.ends - other.ends);
}

function fromBase64(text) {
  const bytes = Buffer.from(text, 'base64');
  // Only one text stands for these bytes: a changed one is noticed.
  return bytes.toString('base64') === text ? bytes : undefined;
}

// --- Checkpoints ---

const NOTE =
  /^(?<body>(?<origin>[^\n]+)\n(?<size>0|[1-9]\d{0,14})\n(?<root>[A-Za-z0-9+/]{43}=)\n)\n(?<signatures>(?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)$/u;

/** Opens a checkpoint: signatures of known keys have to be true, those of others are ignored. */
function openCheckpoint(text, what, { keys, witnesses }) {
  const note = (typeof text === 'string' ? NOTE.exec(text) : null)?.groups;
  if (note === undefined || fromBase64(note.root) === undefined)
    throw new Wrong(`${what} is no checkpoint (C2SP tlog-checkpoint)`);
  const { body, origin, root } = note;
  const size = Number(note.size);
  const lines = note.signatures.trimEnd().split('\n');
  if (lines.length > MOST_SIGNATURES) throw new Wrong(`${what} has more than ${MOST_SIGNATURES} signatures`);
  const signedBy = [];
  const cosigned = [];
  const untrusted = [];
  for (const line of lines) {
    const [, name, base64] = line.split(' ');
    const bytes = fromBase64(base64);
    if (bytes === undefined || bytes.length < 5)
      throw new Wrong(`${what} has a signature that is not base64`);
    const id = `${name}+${bytes.toString('hex', 0, 4)}`;
    const key = keys.find((one) => one.id === id);
    const witness = witnesses.find((one) => one.id === id);
    if (witness !== undefined)
      cosigned.push({ witness: id, at: openCosignature(bytes, body, witness, what) });
    else if (key === undefined || name !== origin) untrusted.push(id);
    else if (size > key.ends) untrusted.push(`${id}, which ended at ${key.ends} leaves`);
    else if (isSigned(body, key, bytes.subarray(4))) signedBy.push(id);
    else throw new Wrong(`the signature of ${quote(id)} on ${what} is false`);
  }
  if (signedBy.length === 0)
    throw new Wrong(
      `${what}, of the log ${quote(origin)}, has no signature of a trusted key of that log ` +
        `(but of ${quote(untrusted.join('; '))})`,
    );
  return { text, origin, size, root, signedBy, cosigned };
}

/** The time of a cosignature (C2SP tlog-cosignature), in milliseconds. */
function openCosignature(bytes, body, witness, what) {
  const seconds = bytes.length === 76 ? Number(bytes.readBigUInt64BE(4)) : Infinity;
  const message = `cosignature/v1\ntime ${seconds}\n${body}`;
  if (seconds > LAST_SECOND || !isSigned(message, witness, bytes.subarray(12)))
    throw new Wrong(`the cosignature of ${quote(witness.id)} on ${what} is false`);
  return seconds * 1000;
}

const isSigned = (message, { publicKey }, signature) =>
  verifySignature(null, Buffer.from(message), publicKey, signature);

/**
 * The checkpoints of these origins in any text: quoted in mails, within proofs, as JSON text within lines of a log. The
 * service's own state files hold some, too.
 */
function* notesIn(file, origins) {
  const wanted = [
    (line) => origins.has(line),
    (line) => /^\d{1,15}$/.test(line),
    (line) => /^[A-Za-z0-9+/]{43}=$/.test(line),
    (line) => line === '',
  ];
  let note = [];
  for (const line of plainLinesOf(file)) {
    const signed = note.length > wanted.length;
    if (note.length >= wanted.length && /^— \S+ \S+$/u.test(line)) note.push(line);
    else {
      if (signed) yield `${note.join('\n')}\n`;
      if (note.length >= wanted.length || !wanted[note.length](line)) note = [];
      if (note.length > 0 || wanted[0](line)) note.push(line);
    }
  }
}

/** The lines of a text, and those of texts that are quoted in them, without marks of a quotation; then an empty one. */
function* plainLinesOf(file) {
  for (const { bytes } of linesOf(file)) {
    const text = bytes.toString();
    const pieces = text.includes('\\n')
      ? text
          .replaceAll('\\u2014', '—')
          .split('\\n')
          .map((piece) => piece.slice(piece.lastIndexOf('"') + 1))
      : [text];
    for (const piece of pieces) yield piece.replace(/^[\s>|]+/, '').trimEnd();
  }
  yield '';
}

// --- The tree (RFC 6962) ---

const leafHash = (text) => hash('sha256', `\u0000${text}`, 'buffer');

const pair = Buffer.alloc(65, 1);
function nodeHash(left, right) {
  pair.set(left, 1);
  pair.set(right, 33);
  return hash('sha256', pair, 'buffer');
}

/** A growing tree: the roots of its perfect subtrees, from the left, which are its right edge. */
class Tree {
  size = 0;
  peaks = [];

  /** A leaf, or the root of a perfect subtree of `leaves` leaves whose place is here. */
  append(root, leaves = 1) {
    this.size += leaves;
    let peak = { hash: root, leaves };
    while (this.peaks.at(-1)?.leaves === peak.leaves)
      peak = { hash: nodeHash(this.peaks.pop().hash, peak.hash), leaves: 2 * peak.leaves };
    this.peaks.push(peak);
  }

  get root() {
    if (this.size === 0) return hash('sha256', '', 'base64');
    const [last, ...others] = this.peaks.map((peak) => peak.hash).reverse();
    return others.reduce((right, left) => nodeHash(left, right), last).toString('base64');
  }
}

/** The sizes of the maximal aligned subtrees of the leaves `from` to `to` (exclusive), from the left. */
function subtreesOf(from, to) {
  const sizes = [];
  for (let at = from; at < to; at += sizes.at(-1)) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size <= to) size *= 2;
    sizes.push(size);
  }
  return sizes;
}

// --- Lines ---

/** The lines of a file: one of them and a piece of the file are in memory at a time. */
function* linesOf(file) {
  const handle = attempt(file, () => openSync(file));
  const buffer = Buffer.alloc(256 * 1024);
  let number = 1;
  let begun = Buffer.alloc(0);
  const withBegun = (part) => {
    const bytes = Buffer.concat([begun, part]);
    if (bytes.length > LONGEST_LINE) throw new Wrong(`line ${number} is longer than ${LONGEST_LINE} bytes`);
    return bytes;
  };
  for (let length; (length = attempt(file, () => readSync(handle, buffer))) > 0;) {
    const piece = buffer.subarray(0, length);
    let start = 0;
    for (let stop; (stop = piece.indexOf(10, start)) !== -1; start = stop + 1) {
      yield { bytes: withBegun(piece.subarray(start, stop)), where: `line ${number}` };
      begun = Buffer.alloc(0);
      number += 1;
    }
    begun = withBegun(piece.subarray(start));
  }
  closeSync(handle);
  if (begun.length > 0) yield { bytes: begun, where: `line ${number}` };
}

/** A file that can't be read says nothing about the log. */
function attempt(file, read) {
  try {
    return read();
  } catch (error) {
    throw new CannotCheck(`${file} can't be read (${error.code})`);
  }
}

const readText = (file) => attempt(file, () => readFileSync(file, 'utf8'));

/** RFC 8785: members sorted by UTF-16 code units, numbers and texts as ECMAScript writes them. */
function canonical(value) {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  let text = '';
  for (const name of Object.keys(value).sort())
    text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonical(value[name])}`;
  return `{${text}}`;
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
/** Text of a file, made harmless for a terminal and short. */
const quote = (text) =>
  JSON.stringify(String(text).slice(0, 200)).replace(/[\u007f-\u009f\u2028-\u202e]/g, '?');

/** A line that is an object, and that reads one way only: no member twice, no second way to write it. */
function parseLine({ bytes, where }) {
  if (!isUtf8(bytes)) throw new Wrong(`${where} is not UTF-8`);
  const text = bytes.toString();
  if (text.endsWith('\r'))
    throw new Wrong(`${where} ends in a carriage return: keep the export byte for byte`);
  const entry = parsed(text);
  if (!isObject(entry)) throw new Wrong(`${where} is no JSON object`);
  return { text, entry, where };
}

/** Undefined if it is not JSON. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The one member of a line that is no event, with these members and no others. */
function envelope({ text, entry, where }, name, required, optional = []) {
  if (JSON.stringify(entry) !== text) throw new Wrong(`${where} is not written as the service writes it`);
  const inner = entry[name];
  if (Object.keys(entry).length !== 1 || !isObject(inner))
    throw new Wrong(`${where} is no line ${quote(name)} alone`);
  const unread = Object.keys(inner).filter((member) => ![...required, ...optional].includes(member));
  const missing = required.filter((member) => !Object.hasOwn(inner, member));
  if (unread.length > 0)
    throw new Wrong(`${where} has a member that nobody checks: ${unread.map(quote).join(', ')}`);
  if (missing.length > 0) throw new Wrong(`${where} has no ${missing.join(', ')}`);
  return inner;
}

// --- The export ---

const OWN = 'the checkpoint of the export';
const WITNESSED = 'the witnessed checkpoint of the export';
const STATE = 'the state';

function verifyExport(file, { keys, witnesses, quorum, stateFile, keptFile }) {
  const trust = { keys, witnesses };
  const lines = linesOf(file);
  const header = readHeader(lines);
  const checkpoint = openCheckpoint(header.checkpoint, OWN, trust);
  const { origin, size } = checkpoint;
  if (header.origin !== origin)
    throw new Wrong(`the export is of the log ${quote(header.origin)}, its checkpoint of ${quote(origin)}`);
  if (header.to_leaf !== size)
    throw new Wrong(`the export ends at leaf ${header.to_leaf}, and its checkpoint has ${size} leaves`);

  const state = readState(stateFile, origin, trust);
  const known = new KnownStates(checkpoint);
  const notes = state.notes.map((note) => ({ note, what: STATE }));
  if (typeof header.witnessed_checkpoint === 'string')
    notes.push({ note: openCheckpoint(header.witnessed_checkpoint, WITNESSED, trust), what: WITNESSED });
  for (const { note, what } of notes) known.add(note, what);
  const kept = keptFile === undefined ? undefined : readKept(keptFile, known, trust);

  const reading = new Reading(header, startOf(header, state), known.ascending());
  for (const line of lines) {
    try {
      reading.take(parseLine(line));
    } catch (error) {
      // Hostile nesting.
      throw error instanceof RangeError
        ? new Wrong(`${line.where} can not be read (${error.message})`)
        : error;
    }
  }
  reading.finish();
  const witnessed = countWitnesses(known.ascending(), witnesses, quorum);
  return { header, checkpoint, state, notes, kept, known, reading, witnessed };
}

/** The first line, which says what the others are compared with. */
function readHeader(lines) {
  const { value: first } = lines.next();
  if (first === undefined) throw new Wrong('the export is empty');
  const line = parseLine(first);
  if (line.entry.export?.complete === false)
    throw new CannotCheck(
      'the export is filtered: only a whole one can be checked (single events by --proof)',
    );
  const required = ['origin', 'from_leaf', 'to_leaf', 'checkpoint'];
  const header = envelope(line, 'export', required, ['witnessed_checkpoint', 'complete']);
  if (header.checkpoint === null)
    throw new Wrong('there is no checkpoint yet, so nothing is proven: export again in some seconds');
  const { from_leaf: from, to_leaf: to } = header;
  if (!isCount(from) || !isCount(to) || from > to) throw new Wrong('line 1 names leaves that can not be');
  return header;
}

/** The tree before the first leaf of the export. */
function startOf({ from_leaf: from }, { ends }) {
  if (from === 0) return new Tree();
  const end = ends.find(({ note }) => note.size === from);
  if (end !== undefined) return treeOf(from, end.edge);
  if (ends.length === 0)
    throw new CannotCheck(
      `the export begins at leaf ${from}: give the --state of an export that ended there`,
    );
  const { size } = ends[0].note;
  const again = `export with ${nextAfter(size)}, or from the beginning`;
  if (from > size)
    throw new Wrong(`leaves ${size} to ${from - 1} are missing between the state and the export: ${again}`);
  throw new CannotCheck(`the export begins at leaf ${from}, where no earlier one ended: ${again}`);
}

const nextAfter = (size) => (size === 0 ? 'no after_leaf' : `?after_leaf=${size - 1}`);

/** What the log was at some sizes, as its own signed checkpoints say. */
class KnownStates {
  bySize = new Map();

  constructor(checkpoint) {
    this.origin = checkpoint.origin;
    this.end = checkpoint.size;
    this.add(checkpoint, OWN);
  }

  add(note, what) {
    if (note.origin !== this.origin) throw new Wrong(`${what} is of another log, ${quote(note.origin)}`);
    this.addState(note, what);
  }

  addState({ size, root, cosigned }, what) {
    if (size > this.end)
      throw new Wrong(
        `the log was rolled back: the export ends at leaf ${this.end}, and ${what} has ${size} leaves ` +
          '(or the export is older than that)',
      );
    const known = this.bySize.get(size) ?? {
      size,
      root,
      what,
      cosigned: [],
      verified: false,
      agrees: undefined,
    };
    if (known.root !== root)
      throw new Wrong(
        `the log was rewritten: it signed two different states with ${size} leaves, ` +
          `that of ${known.what} and that of ${what}`,
      );
    known.cosigned.push(...cosigned);
    // An earlier export was checked up to there.
    known.verified ||= what === STATE;
    this.bySize.set(size, known);
  }

  ascending() {
    return [...this.bySize.values()].sort((one, other) => one.size - other.size);
  }
}

/** Adds the checkpoints that were kept outside; those without a trusted signature are counted only. */
function readKept(file, known, trust) {
  const continued = new Map(
    trust.keys.flatMap(({ name, continuedAt }) => (continuedAt === undefined ? [] : [[name, continuedAt]])),
  );
  /** `lost`: by earlier name, the largest checkpoint of what this log did not take over. */
  const kept = { found: 0, refused: 0, lost: new Map() };
  for (const text of notesIn(file, new Set([known.origin, ...continued.keys()]))) {
    const note = ifTrusted(text, trust);
    if (note === undefined) {
      kept.refused += 1;
      continue;
    }
    kept.found += 1;
    const what = `a checkpoint kept outside (${file})`;
    if (note.origin === known.origin) known.add(note, what);
    // The log as it was called before. Cosignatures of that are none of this one.
    else if (note.size <= continued.get(note.origin)) known.addState({ ...note, cosigned: [] }, what);
    else if (note.size > (kept.lost.get(note.origin)?.size ?? 0))
      kept.lost.set(note.origin, { size: note.size, at: continued.get(note.origin) });
  }
  if (kept.found === 0)
    throw new CannotCheck(
      `${file} holds no checkpoint of the log ${quote(known.origin)} with a trusted signature` +
        (kept.refused === 0 ? '' : `, and ${kept.refused} without one`),
    );
  return kept;
}

function ifTrusted(text, trust) {
  try {
    return openCheckpoint(text, 'it', trust);
  } catch (error) {
    if (error instanceof Wrong) return undefined;
    throw error;
  }
}

/** Reads the lines behind the first, and grows the tree with them. */
class Reading {
  events = 0;
  ended = false;
  /** The first known state that the log contradicts. */
  contradicted = undefined;
  /** The next known state to compare with, and the next whose cosignatures are older than what follows. */
  next = 0;
  nextCosigned = 0;
  /** Times in milliseconds: the latest cosignature so far, and of the events so far. */
  cosignedAt = -Infinity;
  oldest = Infinity;
  latest = -Infinity;
  late = { count: 0, examples: [] };
  pruned = { count: 0, leaves: 0, last: '', after: -Infinity };

  constructor({ to_leaf: to }, tree, states) {
    this.to = to;
    this.tree = tree;
    this.states = states;
    /** Size of the last known state that the log agrees with. */
    this.agreedAt = tree.size;
    for (const state of states) if (state.verified && state.size < tree.size) state.agrees = true;
    this.compare();
  }

  take(line) {
    const { entry, where } = line;
    if (this.ended) throw new Wrong(`${where} comes after the end`);
    if (Object.hasOwn(entry, 'leaf_index')) this.takeEvent(line);
    else if (Object.hasOwn(entry, 'pruned')) this.takePruned(line);
    else if (Object.hasOwn(entry, 'end')) this.takeEnd(line);
    else throw new Wrong(`${where} is no event, no pruned range and no end`);
  }

  takeEvent({ text, entry, where }) {
    const { leaf_index: index } = entry;
    this.mustBeNext(index, where);
    this.tree.append(leafHash(sealedForm(text, entry, where)));
    this.events += 1;
    this.date(timeOf(entry), entry, index);
    this.compare();
  }

  takePruned(line) {
    const { where } = line;
    const { from, to, hashes } = envelope(line, 'pruned', ['from', 'to', 'hashes']);
    this.mustBeNext(from, where);
    if (!isCount(to) || to <= from || to > this.to || !Array.isArray(hashes))
      throw new Wrong(`${where} prunes leaves that can not be`);
    const sizes = subtreesOf(from, to);
    const roots = hashes.map((text) => (typeof text === 'string' ? fromBase64(text) : undefined));
    if (roots.length !== sizes.length || roots.some((root) => root?.length !== 32))
      throw new Wrong(`${where} does not have the ${sizes.length} hashes of leaves ${from} to ${to - 1}`);
    sizes.forEach((size, n) => {
      this.tree.append(roots[n], size);
      this.compare();
    });
    const { count, leaves } = this.pruned;
    this.pruned = {
      count: count + 1,
      leaves: leaves + to - from,
      last: `${from} to ${to - 1}`,
      after: this.latest,
    };
  }

  takeEnd(line) {
    const { events } = envelope(line, 'end', ['events']);
    if (events !== this.events)
      throw new Wrong(`${line.where} counts ${quote(events)} events, and there are ${this.events}`);
    if (this.tree.size !== this.to)
      throw new Wrong(`leaves ${this.tree.size} to ${this.to - 1} are missing at the end`);
    this.ended = true;
  }

  mustBeNext(index, where) {
    const { size } = this.tree;
    if (!isCount(index)) throw new Wrong(`${where} claims the leaf ${quote(JSON.stringify(index))}`);
    if (index > size) throw new Wrong(`leaf ${size} is missing: ${where} is leaf ${index}`);
    if (index < size) throw new Wrong(`${where} is leaf ${index}, which was there before`);
    if (index >= this.to) throw new Wrong(`${where} is leaf ${index}, which the checkpoint does not cover`);
  }

  /** With what the log was at this size, if that is known. What lies within a pruned subtree can't be compared. */
  compare() {
    const { size } = this.tree;
    while (this.states[this.next]?.size < size) this.next += 1;
    const state = this.states[this.next];
    if (state?.size !== size) return;
    state.agrees = state.root === this.tree.root;
    if (state.agrees && this.contradicted === undefined) this.agreedAt = size;
    else this.contradicted ??= state;
  }

  /** An event that is older than what was in the log before it, by its own account, came in late. */
  date(time, { id }, index) {
    for (; this.states[this.nextCosigned]?.size <= index; this.nextCosigned += 1)
      for (const { at } of this.states[this.nextCosigned].cosigned)
        this.cosignedAt = Math.max(this.cosignedAt, at);
    if (time < Math.max(this.latest, this.cosignedAt) - LATE) {
      this.late.count += 1;
      if (this.late.examples.length < SHOWN)
        this.late.examples.push(`leaf ${index} of ${isoOf(time)} (${quote(id)})`);
    }
    this.oldest = Math.min(this.oldest, time);
    this.latest = Math.max(this.latest, time);
  }

  finish() {
    if (!this.ended) throw new Wrong('the export was cut off: it has no last line');
    const { contradicted } = this;
    if (contradicted !== undefined) {
      const leaves = `one of leaves ${this.agreedAt} to ${contradicted.size - 1}`;
      const own = this.states.at(-1);
      throw new Wrong(
        own.agrees
          ? `the log was rewritten: ${leaves} is not what it was by ${contradicted.what}, of ${contradicted.size} leaves`
          : `the events are not those of ${OWN}: ${leaves} was changed`,
      );
    }
    // What retention dropped is of a month before that of the oldest event: it was in the log before that month's.
    const month = isoOf(this.oldest).slice(0, 7);
    if (this.pruned.after > Date.parse(`${month}-01T00:00:00Z`) + MONTH_ENDS_WITHIN)
      throw new Wrong(
        `leaves ${this.pruned.last} were not dropped by retention, which drops whole months, the oldest first: ` +
          `they are behind an event of ${isoOf(this.pruned.after)}, and there are events of ${month}`,
      );
  }
}

/** The text whose hash is the leaf, from a line of an export; what the line shows beside it is checked. */
function sealedForm(text, entry, where) {
  const { leaf_index: index, ...event } = entry;
  if (showsValues(event)) {
    if (JSON.stringify(entry) !== text) throw new Wrong(`${where} is not written as the service writes it`);
    return canonicalEvent(event, where);
  }
  const sealed = canonical(event);
  const member = `"leaf_index":${index}`;
  if (text.replace(`,${member}`, '') === sealed || text.replace(`${member},`, '') === sealed) return sealed;
  throw new Wrong(`${where} is not its own canonical form (RFC 8785)`);
}

const showsValues = ({ changes }) =>
  Array.isArray(changes) && changes.some((change) => change?.clear !== undefined);

function canonicalEvent(event, where) {
  if (!showsValues(event)) return canonical(event);
  return canonical({ ...event, changes: event.changes.map((change) => withoutClear(change, where)) });
}

/** A change without its values in clear, each of which has to be the one that the change committed to. */
function withoutClear({ clear, ...change }, where) {
  if (clear === undefined) return change;
  const read = new Set();
  for (const side of ['before', 'after'].filter((one) => isObject(clear) && Object.hasOwn(clear, one))) {
    const salt = clear[`${side}_salt`];
    const key = Buffer.from(String(salt), 'base64url');
    const commitment = createHmac('sha256', key).update(canonical(clear[side])).digest('hex');
    if (key.toString('base64url') !== salt || change[`${side}_commitment`] !== commitment)
      throw new Wrong(`${where} shows a value of ${quote(change.field)} (${side}) that it did not commit to`);
    read.add(side).add(`${side}_salt`);
  }
  if (!isObject(clear) || read.size === 0 || Object.keys(clear).some((member) => !read.has(member)))
    throw new Wrong(`${where} shows something of ${quote(change.field)} in clear that nothing proves`);
  return change;
}

/** Milliseconds since the epoch: a UUIDv7 begins with them (RFC 9562). */
function timeOf({ id, occurred_at: at }) {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id)) return parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return Date.parse(at);
}

const isoOf = (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'no time');

// --- Witnesses ---

/** Each witness by the largest size that it cosigned; enough of them have to have cosigned anything. */
function countWitnesses(states, witnesses, quorum) {
  const newest = new Map();
  const apart = [];
  for (const { size, agrees, cosigned } of states)
    for (const { witness, at } of cosigned) {
      if (agrees) newest.set(witness, { size, at });
      else apart.push(size);
    }
  if (newest.size < quorum)
    throw new Wrong(
      `${newest.size} of ${witnesses.length} witnesses cosigned, and ${quorum} have to` +
        (apart.length === 0
          ? ''
          : `; what is cosigned with ${Math.max(...apart)} leaves could not be compared`),
    );
  if (quorum === 0) return undefined;
  const { size, at } = [...newest.values()].sort((one, other) => other.size - one.size)[quorum - 1];
  return { size, at, count: newest.size };
}

// --- The state ---

/** Where earlier exports ended, the last first: their checkpoints, and the right edges of the tree. */
function readState(file, origin, trust) {
  if (file === undefined || !existsSync(file)) return { ends: [], notes: [] };
  const stored = parsed(readText(file));
  const damaged = new CannotCheck(`${file} is no state that this program wrote, or it is damaged`);
  if (!isObject(stored) || !Array.isArray(stored.ends) || stored.ends.length === 0) throw damaged;
  if (stored.origin !== origin)
    throw new Wrong(`the export is of the log ${quote(origin)}, and the state of ${quote(stored.origin)}`);
  const ends = stored.ends.map((end) => {
    const note = openCheckpoint(end?.checkpoint, STATE, trust);
    const edge = Array.isArray(end.edge)
      ? end.edge.map((hash64) => Buffer.from(String(hash64), 'base64'))
      : [];
    if (edge.length !== subtreesOf(0, note.size).length || treeOf(note.size, edge).root !== note.root)
      throw damaged;
    return { note, edge };
  });
  const notes = ends.map(({ note }) => note);
  if (stored.witnessed_checkpoint !== null)
    notes.push(openCheckpoint(stored.witnessed_checkpoint, STATE, trust));
  return { ends, notes };
}

function treeOf(size, edge) {
  const tree = new Tree();
  subtreesOf(0, size).forEach((leaves, index) => tree.append(edge[index], leaves));
  return tree;
}

/** All of it or nothing, whatever happens meanwhile. */
function writeState(file, { checkpoint, state, notes, known, reading }) {
  const earlier = state.ends.filter(({ note }) => note.size !== checkpoint.size).slice(0, EARLIER_ENDS);
  const ends = [{ note: checkpoint, edge: reading.tree.peaks.map((peak) => peak.hash) }, ...earlier].map(
    ({ note, edge }) => ({
      size: note.size,
      checkpoint: note.text,
      edge: edge.map((bytes) => bytes.toString('base64')),
    }),
  );
  const witnessed = [{ note: checkpoint }, ...notes]
    .filter(({ note }) => note.cosigned.length > 0 && known.bySize.get(note.size).agrees)
    .sort((one, other) => other.note.size - one.note.size);
  const stored = { origin: checkpoint.origin, ends, witnessed_checkpoint: witnessed[0]?.note.text ?? null };
  try {
    const temporary = `${file}.${process.pid}.new`;
    const handle = openSync(temporary, 'w', 0o600);
    writeFileSync(handle, `${JSON.stringify(stored, null, 2)}\n`);
    fsyncSync(handle);
    closeSync(handle);
    renameSync(temporary, file);
  } catch (error) {
    throw new CannotCheck(`the export is valid, and the state can't be written to ${file} (${error.code})`);
  }
}

// --- One event ---

function verifyProof(eventFile, proofFile, { keys, witnesses, quorum }) {
  const text = readText(eventFile).trim();
  const entry = parsed(text);
  // However it is set out: between its texts there is white space only, and no member is there twice.
  const compact = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
  if (!isObject(entry) || JSON.stringify(entry) !== compact) throw new Wrong(`${eventFile} is no event`);
  const parts =
    /^c2sp\.org\/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9]\d{0,14})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n([^]*)$/.exec(
      readText(proofFile),
    );
  if (parts === null) throw new Wrong(`${proofFile} is no proof (C2SP tlog-proof)`);
  const index = Number(parts[1]);
  const path = parts[2].split('\n').slice(0, -1);
  const checkpoint = openCheckpoint(parts[3], 'the checkpoint of the proof', { keys, witnesses });
  const { leaf_index: place, ...event } = entry;
  if (place !== index) throw new Wrong(`the event is leaf ${quote(place)}, and the proof is of ${index}`);
  if (rootOf(leafHash(canonicalEvent(event, eventFile)), index, checkpoint.size, path) !== checkpoint.root)
    throw new Wrong(
      `the event is not leaf ${index} of the log ${quote(checkpoint.origin)}: one or the other was changed`,
    );
  const states = [{ ...checkpoint, agrees: true }];
  const witnessed = countWitnesses(states, witnesses, quorum);
  return [
    `valid: ${eventFile} is leaf ${index} of the log ${quote(checkpoint.origin)} with ${checkpoint.size} leaves`,
    `signed by ${checkpoint.signedBy.join(', ')}`,
    ...(witnessed === undefined ? [] : [`cosigned by ${witnessed.count} of ${witnesses.length} witnesses`]),
  ];
}

/** The root that a proof of inclusion leads to (RFC 9162, section 2.1.3.2); undefined if the path does not fit. */
function rootOf(leaf, index, size, path) {
  let [node, last, root] = [index, size - 1, leaf];
  if (node > last) return undefined;
  const half = (n) => Math.floor(n / 2);
  for (const text of path) {
    if (last === 0) return undefined;
    const sibling = Buffer.from(text, 'base64');
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node > 0) [node, last] = [half(node), half(last)];
    } else root = nodeHash(root, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? root.toString('base64') : undefined;
}

// --- What is said ---

function reportOf(
  { header, checkpoint, state, kept, known, reading, witnessed },
  { witnesses, quorum, stateFile },
) {
  const { origin, size, signedBy } = checkpoint;
  const { pruned, late } = reading;
  const lines = [
    `valid: the log ${quote(origin)}, ${reading.events} events, leaves ${header.from_leaf} to ${size} (exclusive)`,
    `the checkpoint is signed by ${signedBy.join(', ')}`,
  ];
  const say = (line) => lines.push(line);
  if (header.from_leaf > 0)
    say(`what is before leaf ${header.from_leaf} was checked when the state was written`);
  if (pruned.count > 0)
    say(
      `${pruned.leaves} leaves without their events, in ${pruned.count} ranges, the last ${pruned.last}: dropped by ` +
        `retention, if the trail need not be kept that long; the oldest event left is of ${isoOf(reading.oldest)}`,
    );
  if (late.count > 0)
    say(
      `SUSPICIOUS: ${late.count} events are older than what was in the log before them, by more than ` +
        `${LATE / MINUTE} minutes: ${late.examples.join(', ')}${late.count > SHOWN ? ', …' : ''}`,
    );
  if (kept !== undefined) {
    const apart = known.ascending().filter(({ agrees }) => agrees === undefined);
    const agree = apart.length === 0 && kept.lost.size === 0;
    say(`${kept.found} checkpoints kept outside: ${agree ? 'all agree' : 'none disagrees'}`);
    if (apart.length > 0)
      say(
        `${apart.length} of them could not be compared: what they end at was pruned, or is before the export`,
      );
    if (kept.refused > 0) say(`${kept.refused} checkpoints without a trusted signature were not looked at`);
    for (const [earlier, { size: reached, at }] of kept.lost)
      say(
        `LOST: the log went on under its earlier name ${quote(earlier)} to ${reached} leaves at least; ` +
          `this one took over ${at} of them`,
      );
  }
  if (witnessed !== undefined)
    say(
      `witnessed up to leaf ${witnessed.size} (exclusive), by ${quorum} of ${witnesses.length} witnesses, on ` +
        `${isoOf(witnessed.at)}${witnessed.size < size ? '; what follows is not witnessed yet' : ''}`,
    );
  else if (kept === undefined && state.ends.length === 0)
    say(
      'nothing that was kept outside and no witness was given: whoever has the signing key could have rewritten ' +
        'all of it, and anybody could have rolled it back to an earlier state',
    );
  if (stateFile !== undefined) say(`the next export may begin where this one ends: ${nextAfter(size)}`);
  return lines;
}

try {
  main();
} catch (error) {
  if (error instanceof CannotCheck) {
    process.stderr.write(`COULD NOT CHECK: ${error.message}\n`);
    process.exitCode = 2;
  } else {
    // Whatever a forged file makes this stumble over is no valid export either.
    const what = error instanceof Wrong ? error.message : `the input is malformed (${error.message})`;
    process.stderr.write(`NOT VALID: ${what}\n`);
    process.exitCode = 1;
  }
}
