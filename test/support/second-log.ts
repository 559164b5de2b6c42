// A second implementation of the transparency-log formats, after RFC 6962 and C2SP's texts. It shares no code with the
// service, the verifier or the witness, and is as close to the definitions as can be: recursive, not fast.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

// --- Trees (RFC 6962, section 2.1) ---

export const leafHash = (text: string | Uint8Array): Buffer => sha256(Buffer.of(0), text);
const nodeHash = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

/** The largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** MTH(D[n]) of leaves that are hashed already. */
export function treeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return sha256('');
  if (leaves.length === 1) return first;
  const k = split(leaves.length);
  return nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** PATH(m, D[n]): the audit path of leaf m. */
export function inclusionProof(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...inclusionProof(m, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...inclusionProof(m - k, leaves.slice(k)), treeHash(leaves.slice(0, k))];
}

/** PROOF(m, D[n]): the consistency of the first m leaves with all. */
export function consistencyProof(m: number, leaves: readonly Buffer[]): Buffer[] {
  return m === 0 ? [] : subproof(m, leaves, true);
}

function subproof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [treeHash(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), treeHash(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), treeHash(leaves.slice(0, k))];
}

/** The root that an audit path of leaf m of n leads to; undefined if the path has another length. */
export function rootByInclusion(
  leaf: Buffer,
  m: number,
  n: number,
  path: readonly Buffer[],
): Buffer | undefined {
  if (m >= n) return undefined;
  if (n === 1) return path.length === 0 ? leaf : undefined;
  const last = path.at(-1);
  if (last === undefined) return undefined;
  const k = split(n);
  const rest = path.slice(0, -1);
  const below = m < k ? rootByInclusion(leaf, m, k, rest) : rootByInclusion(leaf, m - k, n - k, rest);
  if (below === undefined) return undefined;
  return m < k ? nodeHash(below, last) : nodeHash(last, below);
}

/** The roots of the maximal aligned subtrees of the leaves `from` to `to` (exclusive). */
export function rangeHashes(from: number, to: number, leaves: readonly Buffer[]): Buffer[] {
  if (from === to) return [];
  let size = 1;
  while (from % (2 * size) === 0 && from + 2 * size <= to) size *= 2;
  return [treeHash(leaves.slice(from, from + size)), ...rangeHashes(from + size, to, leaves)];
}

// --- Notes and keys (C2SP signed-note, tlog-cosignature) ---

export interface NoteKey {
  readonly name: string;
  readonly vkey: string;
  /** `kid:base64url of the seed`, as AUDIT_SIGNING_KEYS has it. */
  readonly seed: string;
  /** The signature line of a text, with its newline. */
  sign(text: string, at?: number): string;
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** @param type 1 for a log's key, 4 for a witness's */
export function noteKey(name: string, type: 1 | 4 = 1, seed: Buffer = randomBytes(32)): NoteKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const typed = Buffer.concat([Buffer.of(type), spki.subarray(-32)]);
  const id = sha256(`${name}\n`, typed).subarray(0, 4);
  return {
    name,
    seed: seed.toString('base64url'),
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    sign: (text, at = Date.now()) => {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(Math.floor(at / 1000)));
      const signed = type === 1 ? text : `cosignature/v1\ntime ${Math.floor(at / 1000)}\n${text}`;
      const parts = type === 1 ? [id] : [id, time];
      return `— ${name} ${Buffer.concat([...parts, sign(null, Buffer.from(signed), key)]).toString('base64')}\n`;
    },
  };
}

export interface OpenedNote {
  readonly text: string;
  /** vkeys whose signature is on it. */
  readonly by: readonly string[];
  /** The times of cosignatures by vkey, in milliseconds. */
  readonly times: Readonly<Record<string, number>>;
}

/** @throws if no given key signed it, or one of them signed something else */
export function openNote(note: string, vkeys: readonly string[]): OpenedNote {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const by: string[] = [];
  const times: Record<string, number> = {};
  for (const line of note
    .slice(end + 2)
    .split('\n')
    .slice(0, -1)) {
    const [dash, name, base64] = line.split(' ');
    const bytes = Buffer.from(base64 ?? '', 'base64');
    if (dash !== '—' || bytes.length < 5) throw new Error(`no signature line: ${line}`);
    const vkey = vkeys.find((one) => one.startsWith(`${name ?? ''}+${bytes.toString('hex', 0, 4)}+`));
    if (vkey === undefined) continue;
    const typed = Buffer.from(vkey.slice((name ?? '').length + 10), 'base64');
    const key = publicKey(typed.subarray(1));
    if (typed[0] === 1 && !verify(null, Buffer.from(text), key, bytes.subarray(4)))
      throw new Error(`false: ${line}`);
    if (typed[0] === 4) {
      const time = bytes.readBigUInt64BE(4);
      const signed = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
      if (!verify(null, signed, key, bytes.subarray(12))) throw new Error(`false: ${line}`);
      times[vkey] = Number(time) * 1000;
    }
    by.push(vkey);
  }
  if (by.length === 0) throw new Error('no given key signed it');
  return { text, by, times };
}

function publicKey(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
}

// --- Checkpoints, proofs, tiles (C2SP tlog-checkpoint, tlog-proof, tlog-tiles) ---

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function readCheckpoint(text: string): Checkpoint {
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n$/.exec(text) ?? [];
  if (origin === undefined || root === undefined) throw new Error(`no checkpoint: ${text}`);
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}

/** A checkpoint of the leaves, signed and cosigned by keys, in this order. */
export function checkpointOf(
  origin: string,
  leaves: readonly Buffer[],
  keys: readonly NoteKey[],
  at?: number,
): string {
  const text = `${origin}\n${leaves.length}\n${treeHash(leaves).toString('base64')}\n`;
  return `${text}\n${keys.map((key) => key.sign(text, at)).join('')}`;
}

export interface LogProof {
  readonly index: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
}

export function readProof(text: string): LogProof {
  const [head = '', ...checkpoint] = text.split('\n\n');
  const [version, index, ...path] = head.split('\n');
  if (version !== 'c2sp.org/tlog-proof@v1' || !/^index \d+$/.test(index ?? ''))
    throw new Error(`no proof: ${text}`);
  return {
    index: Number((index ?? '').slice('index '.length)),
    path: path.map((hash) => Buffer.from(hash, 'base64')),
    checkpoint: checkpoint.join('\n\n'),
  };
}

export function writeProof(index: number, leaves: readonly Buffer[], checkpoint: string): string {
  const path = inclusionProof(index, leaves).map((hash) => `${hash.toString('base64')}\n`);
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${path.join('')}\n${checkpoint}`;
}

/** The path of tile `n` at a level, below `/tile/`. @param width 256, or less for a partial tile */
export function tilePath(level: number, n: number, width = 256): string {
  let [path, rest] = [String(n % 1000).padStart(3, '0'), Math.floor(n / 1000)];
  for (; rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `${level}/${path}${width === 256 ? '' : `.p/${width}`}`;
}

/**
 * The leaf hashes of a log of this size, from its tiles. Every tile above them is checked.
 * @throws if a tile has another length, or a hash of a higher level is not that of the tile below
 */
export async function readTiles(
  size: number,
  fetchTile: (path: string) => Promise<Buffer>,
): Promise<Buffer[]> {
  const leaves = await readLevel(0, size, fetchTile);
  let below = leaves;
  for (let level = 1; below.length >= 256; level += 1) {
    const full = Math.floor(below.length / 256);
    const hashes = await readLevel(level, full, fetchTile);
    hashes.forEach((hash, n) => {
      if (!hash.equals(treeHash(below.slice(256 * n, 256 * (n + 1)))))
        throw new Error(`hash ${n} at level ${level} is not that of its tile`);
    });
    below = hashes;
  }
  return leaves;
}

async function readLevel(
  level: number,
  size: number,
  fetchTile: (path: string) => Promise<Buffer>,
): Promise<Buffer[]> {
  const hashes: Buffer[] = [];
  for (let n = 0; 256 * n < size; n += 1) {
    const width = Math.min(256, size - 256 * n);
    const tile = await fetchTile(tilePath(level, n, width));
    if (tile.length !== 32 * width) throw new Error(`tile ${n} at level ${level} has ${tile.length} bytes`);
    for (let at = 0; at < tile.length; at += 32) hashes.push(tile.subarray(at, at + 32));
  }
  return hashes;
}
