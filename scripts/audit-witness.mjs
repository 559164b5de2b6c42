#!/usr/bin/env node
// A witness for transparency logs: it remembers the latest state of each log that it knows, and cosigns a new one only
// if that is proven to continue the latest. Needs Node.js and a folder, nothing else. One process for each --state.
//
// It serves C2SP tlog-witness: POST <url>/add-checkpoint. The formats are those of C2SP's signed-note, tlog-checkpoint
// and tlog-cosignature (Ed25519); proofs are those of RFC 9162, section 2.1.4.
import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, hash, randomBytes, sign, verify } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const USAGE = `Usage: audit-witness --name <name> --keys <vkeys.txt> --state <file>
                     [--key <file>] [--host 127.0.0.1] [--port 0]

  --name   the witness's own name, such as witness.example.com/w1: no space, no plus
  --keys   the keys of the logs that it knows, one a line: <vkey>, or <vkey> until <size> for a key that was taken out.
           # begins a comment. Read again when it changes
  --state  where it remembers the logs
  --key    its own key: a 32-byte Ed25519 seed in base64; made if missing. <state>.key, unless given
  --host, --port  where it listens; port 0 picks a free one
`;

/** A request that is refused. */
class Refused extends Error {
  constructor(status, message, contentType = undefined) {
    super(message);
    this.status = status;
    this.contentType = contentType;
  }
}

/** Bytes of a request: 63 hashes, and a checkpoint with some dozens of signatures. */
const LARGEST_BODY = 64 * 1024;
const MOST_HASHES = 63;
const SIGNATURE = 0x01;
const COSIGNATURE = 0x04;

/** Its name, its key, the logs and their keys. */
let witness;
let stopping = false;

async function main() {
  const { values: options } = readArguments();
  if (options.help) return process.stdout.write(USAGE);
  witness = await makeWitness(options);
  const server = createServer(
    {
      requestTimeout: 10_000,
      headersTimeout: 5_000,
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: 1_000,
    },
    answer,
  );
  server.maxConnections = 1_000;
  server.once('error', (error) => fail(`it can't listen on ${options.host}:${options.port} (${error.code})`));
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  server.listen(Number(options.port), options.host, () => {
    process.stdout.write(`${witness.vkey}\nlistening on http://${host}:${server.address().port}\n`);
  });
  // What it has begun it answers; a client that does not end is given up.
  const stop = () => {
    stopping = true;
    server.close(() => process.exit());
    server.closeIdleConnections();
    setTimeout(() => process.exit(), 5_000).unref();
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
  return server;
}

function readArguments() {
  const text = { type: 'string' };
  try {
    const read = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        name: text,
        keys: text,
        state: text,
        key: text,
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '0' },
      },
    });
    const { help, name, keys, state, port } = read.values;
    if (help) return read;
    if (name === undefined || keys === undefined || state === undefined)
      throw new Error('--name, --keys and --state are needed');
    if (!/^[^\s+]+$/u.test(name)) throw new Error('--name has a space or a plus');
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Error('--port is no port');
    return read;
  } catch (error) {
    return fail(`${error.message}\n\n${USAGE}`);
  }
}

function fail(message) {
  process.stderr.write(`audit-witness: ${message}\n`);
  process.exit(2);
}

async function makeWitness({ name, keys, state, key = `${state}.key` }) {
  try {
    const privateKey = readOrMakeKey(key);
    const x = createPublicKey(privateKey).export({ format: 'jwk' }).x;
    const typed = Buffer.concat([Buffer.of(COSIGNATURE), Buffer.from(x, 'base64url')]);
    const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'buffer').subarray(0, 4);
    const vkey = `${name}+${id.toString('hex')}+${typed.toString('base64')}`;
    const logs = new Logs(state);
    // Now rather than at the first checkpoint it is said that this can't be written.
    await logs.write();
    return { name, id, privateKey, vkey, keys: new KnownKeys(keys), logs };
  } catch (error) {
    return fail(error.message);
  }
}

// --- HTTP ---

async function answer(request, response) {
  let status = 200;
  let text;
  let contentType = 'text/plain; charset=utf-8';
  try {
    if (request.url.split('?')[0] !== '/add-checkpoint')
      throw new Refused(404, 'There is only POST /add-checkpoint.');
    if (request.method !== 'POST') throw new Refused(405, 'There is only POST.');
    text = await addCheckpoint(await readBody(request));
  } catch (error) {
    ({ status = 500, contentType = contentType } = error);
    if (status === 500) process.stderr.write(`audit-witness: ${error.message}\n`);
    text = status === 500 ? 'It could not be stored.\n' : `${error.message}\n`;
  }
  response.setHeader('Content-Type', contentType);
  if (status === 405) response.setHeader('Allow', 'POST');
  // What was not read of a request would be in the way of the next one; at the end there is none.
  if (!request.complete || stopping) response.setHeader('Connection', 'close');
  response.writeHead(status).end(text);
}

async function readBody(request) {
  const chunks = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length > LARGEST_BODY) throw new Refused(413, `A request has at most ${LARGEST_BODY} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(400, 'The request was cut off.');
  }
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) throw new Refused(400, 'The request is not UTF-8.');
  return text;
}

// --- C2SP tlog-witness ---

const REQUEST = /^old (0|[1-9]\d{0,14})\n((?:[A-Za-z0-9+/]{43}=\n)*)\n([^]*)$/;
const CHECKPOINT =
  /^(([^\n]+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*)\n((?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)$/u;

/** The cosignature of the checkpoint, once the log is remembered as it is in it. */
function addCheckpoint(text) {
  const [, old, hashes, note] = REQUEST.exec(text) ?? [];
  const [, body, origin, size, root, signatures] = CHECKPOINT.exec(note ?? '') ?? [];
  if (body === undefined)
    throw new Refused(400, 'A request is "old <size>", a consistency proof, an empty line and a checkpoint.');
  const proof = hashes.split('\n').slice(0, -1);
  if (proof.length > MOST_HASHES) throw new Refused(400, `A proof has at most ${MOST_HASHES} hashes.`);
  const checkpoint = { body, origin, size: Number(size), root, signatures };
  if (/[^\n\P{Cc}]/u.test(body)) throw new Refused(400, 'A checkpoint has no control characters.');
  mustBeSigned(checkpoint);
  if (Number(old) > checkpoint.size)
    throw new Refused(400, 'The old size is larger than that of the checkpoint.');
  return witness.logs.inTurn(origin, async () => {
    const known = witness.logs.get(origin);
    if (Number(old) !== known.size) throw new Refused(409, String(known.size), 'text/x.tlog.size');
    mustContinue(known, checkpoint, proof);
    await witness.logs.remember(origin, { size: checkpoint.size, root });
    return cosign(body);
  });
}

function mustBeSigned({ body, origin, size, signatures }) {
  const keys = witness.keys.of(origin);
  if (keys.length === 0) throw new Refused(404, 'The log is not known here.');
  let trusted = 0;
  for (const line of signatures.trimEnd().split('\n')) {
    const [, name, base64] = line.split(' ');
    const bytes = Buffer.from(base64, 'base64');
    const key = keys.find(({ id }) => name === origin && bytes.subarray(0, 4).equals(id));
    if (key === undefined || size > key.ends) continue;
    if (!verify(null, Buffer.from(body), key.publicKey, bytes.subarray(4)))
      throw new Refused(403, 'The signature of a known key is false.');
    trusted += 1;
  }
  if (trusted === 0) throw new Refused(403, 'No trusted key of the log signed it.');
}

function mustContinue(known, { size, root }, proof) {
  const refuse = (message) => new Refused(422, message);
  if (known.size === size) {
    if (proof.length > 0) throw refuse('Between equal sizes there is nothing to prove.');
    if ((known.root ?? (size === 0 ? EMPTY_ROOT : root)) !== root)
      throw refuse('The log had another root at this size.');
  } else if (known.size === 0) {
    if (proof.length > 0) throw refuse('From an empty log there is nothing to prove.');
  } else {
    const roots = rootsOf(known, size, proof);
    if (roots === undefined || roots[0] !== known.root || roots[1] !== root)
      throw refuse(`It is not proven that this continues the log as it was with ${known.size} leaves.`);
  }
}

function cosign(body) {
  const seconds = BigInt(Math.floor(Date.now() / 1000));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(seconds);
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`), witness.privateKey);
  return `— ${witness.name} ${Buffer.concat([witness.id, time, signature]).toString('base64')}\n`;
}

const EMPTY_ROOT = hash('sha256', '', 'base64');
const nodeHash = (left, right) => hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer');

/** Both roots that a consistency proof leads to (RFC 9162, section 2.1.4.2); undefined if it does not fit. */
function rootsOf(old, size, proof) {
  const half = (n) => Math.floor(n / 2);
  let [node, last] = [old.size - 1, size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // An old tree that is perfect is a node of the new one: its root begins the proof.
  const [first, ...rest] = (node === 0 ? [old.root, ...proof] : proof).map((text) =>
    Buffer.from(text, 'base64'),
  );
  if (first === undefined) return undefined;
  let [before, after] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      [before, after] = [nodeHash(sibling, before), nodeHash(sibling, after)];
      while (node % 2 === 0 && node > 0) [node, last] = [half(node), half(last)];
    } else after = nodeHash(after, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? [before.toString('base64'), after.toString('base64')] : undefined;
}

// --- What it keeps ---

/** Another one if the file is another, or was written again. */
function versionOf(file) {
  const { mtimeMs, size, ino } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${mtimeMs} ${size} ${ino}`;
}

/** The keys of the logs, read again when the file changes. */
class KnownKeys {
  constructor(file) {
    this.file = file;
    this.refresh();
  }

  of(origin) {
    try {
      this.refresh();
    } catch (error) {
      process.stderr.write(`audit-witness: ${error.message}; the keys stay as they were\n`);
    }
    return this.byOrigin.get(origin) ?? [];
  }

  refresh() {
    const version = versionOf(this.file);
    if (version === this.version) return;
    this.version = version;
    const byOrigin = new Map();
    readFileSync(this.file, 'utf8')
      .split('\n')
      .forEach((line, index) => {
        const text = line.replace(/(^|\s)#.*$/, '').trim();
        if (text === '') return;
        const key = readKey(text, `${this.file}, line ${index + 1}`);
        byOrigin.set(
          key.name,
          [...(byOrigin.get(key.name) ?? []), key].sort((a, b) => a.ends - b.ends),
        );
      });
    this.byOrigin = byOrigin;
  }
}

function readKey(line, where) {
  const [, name, id, base64, ends] =
    /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})(?:\s+until\s+(\d{1,15}))?$/u.exec(line) ?? [];
  const typed = Buffer.from(base64 ?? '', 'base64');
  const named = Buffer.concat([Buffer.from(`${name}\n`), typed]);
  if (typed.length !== 33 || typed[0] !== SIGNATURE || hash('sha256', named).slice(0, 8) !== id)
    throw new Error(`${where} is no vkey of a log's Ed25519 key`);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  return { name, id: Buffer.from(id, 'hex'), publicKey, ends: ends === undefined ? Infinity : Number(ends) };
}

/** The latest state of each log, in one file that is replaced as a whole. */
class Logs {
  turns = new Map();
  /** The write that waits behind the one that is under way: it is that of all who came since. */
  waiting = undefined;
  writing = Promise.resolve();

  constructor(file) {
    this.file = file;
    let text = '{}';
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    this.logs = new Map(Object.entries(parseState(text, file)));
    this.version = versionOf(file);
  }

  get(origin) {
    return this.logs.get(origin) ?? { size: 0, root: EMPTY_ROOT };
  }

  /** One request of a log after the other. */
  async inTurn(origin, work) {
    const before = this.turns.get(origin) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.turns.set(origin, turn);
    try {
      return await turn;
    } finally {
      if (this.turns.get(origin) === turn) this.turns.delete(origin);
    }
  }

  /** Resolves once it is on the disk. */
  async remember(origin, state) {
    const before = this.logs.get(origin);
    this.logs.set(origin, state);
    this.waiting ??= this.writing
      .catch(() => undefined)
      .then(() => {
        this.waiting = undefined;
        return (this.writing = this.write());
      });
    try {
      await this.waiting;
    } catch (error) {
      if (before === undefined) this.logs.delete(origin);
      else this.logs.set(origin, before);
      throw error;
    }
  }

  async write() {
    if (versionOf(this.file) !== this.version)
      throw new Error(
        `${this.file} was changed by somebody else: there is to be one process for each --state`,
      );
    const temporary = join(dirname(this.file), `.${basename(this.file)}.new`);
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(Object.fromEntries(this.logs), null, 1)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.file);
    this.version = versionOf(this.file);
    const folder = await open(dirname(this.file));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function parseState(text, file) {
  try {
    const logs = JSON.parse(text);
    const isState = ({ size, root }) =>
      Number.isSafeInteger(size) && size >= 0 && /^[A-Za-z0-9+/]{43}=$/.test(root);
    if (Object.values(logs).every(isState)) return logs;
  } catch {
    // Said below.
  }
  // To begin anew would be to forget, which is what a witness must not do.
  throw new Error(`${file} is no state of a witness, or it is damaged`);
}

function readOrMakeKey(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    text = `${randomBytes(32).toString('base64')}\n`;
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
  const seed = Buffer.from(text.trim(), 'base64');
  if (seed.length !== 32) throw new Error(`${file} is no Ed25519 seed of 32 bytes in base64`);
  // PKCS #8 (RFC 8410).
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

await main();
