import { createHash, createPublicKey, verify } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import canonicalize from 'canonicalize';
import type { JWTPayload } from 'jose';
import { sql } from 'kysely';
import { Sequencer } from '../../src/audit-log/sequencer.js';
import { lookNow } from './look-now.js';
import type { TestAnswer, TestBff } from './start-bff.js';

export const NDJSON = 'application/x-ndjson';

/** Reads the trail and what proves it, as whoever the claims say. */
export async function read(
  bff: TestBff,
  path: string,
  claims: JWTPayload = {},
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const token = await bff.idp.token({ scope: 'audit:read', ...claims });
  return bff.send('GET', `/api/v1/${path}`, undefined, { Authorization: `Bearer ${token}`, ...headers });
}

/** The lines of an NDJSON export. */
export async function exportLines(bff: TestBff, claims: JWTPayload = {}, query = ''): Promise<string[]> {
  const { body } = await read(bff, `audit-events${query}`, claims, { Accept: NDJSON });
  return String(body).trimEnd().split('\n');
}

export async function vkeysOf(bff: TestBff, claims: JWTPayload = {}): Promise<string> {
  return String((await read(bff, 'audit-log/keys', claims)).body);
}

export async function checkpointOf(bff: TestBff, claims: JWTPayload = {}): Promise<string> {
  return String((await read(bff, 'audit-log/checkpoint', claims)).body);
}

/**
 * Has every event put into its log, under a checkpoint, by this instance; by another one if this one seals nothing.
 * Twenty seconds at most.
 */
export async function allSealed(bff: TestBff): Promise<void> {
  const { kysely } = bff.database;
  await until(async () => {
    await sealNow(bff);
    const waiting = await kysely.selectFrom('audit_pending').select('log').limit(1).execute();
    const unsigned = await kysely
      .selectFrom('audit_log')
      .select('log')
      .whereRef('size', '>', 'checkpoint_size')
      .limit(1)
      .execute();
    return waiting.length + unsigned.length === 0;
  }, 'everything was in its log');
}

/** Has the sequencer look, as if the pause between two looks and the second between two checkpoints were over. */
export async function sealNow({ app, database }: TestBff): Promise<void> {
  const poller = app.get(Sequencer)['poller'];
  if (poller.stopped) return;
  await sql`update audit_log set checkpoint_at = checkpoint_at - interval '1 second'`.execute(
    database.kysely,
  );
  await lookNow(poller);
}

/** Twenty seconds at most. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await setTimeout(10);
  }
}

// What follows is written after RFC 6962, RFC 9162 and C2SP, and shares nothing with the service.

export const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** RFC 6962, section 2.1. */
export const leafHashOf = (text: string): Buffer => sha256(Buffer.of(0), text);
const nodeHashOf = (left: Buffer, right: Buffer): Buffer => sha256(Buffer.of(1), left, right);

/** RFC 6962, section 2.1: the Merkle Tree Hash, as the definition has it. */
export function merkleTreeHash(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return sha256('');
  if (leaves.length === 1) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHashOf(merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)));
}

/** RFC 9162, section 2.1.3.2: the root that a proof of inclusion leads to; undefined when the path does not fit. */
export function rootOfInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
): Buffer | undefined {
  let [fn, sn, root] = [index, size - 1, leaf];
  if (fn > sn) return undefined;
  for (const hash of path) {
    if (sn === 0) return undefined;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHashOf(hash, root);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else root = nodeHashOf(root, hash);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return sn === 0 ? root : undefined;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Names of those whose signatures are good. */
  readonly signers: readonly string[];
}

/** C2SP tlog-checkpoint and tlog-cosignature: what a note says, and which of the vkeys signed it. */
export function readCheckpoint(note: string, vkeys: readonly string[]): Checkpoint {
  const end = note.lastIndexOf('\n\n');
  const [text, signatures] = [note.slice(0, end + 1), note.slice(end + 2)];
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  if (rest.join() !== '') throw new Error('a checkpoint has three lines');
  const signers = signatures
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const [dash, name = '', encoded = ''] = line.split(' ');
      if (dash !== '—') throw new Error(`not a signature line: ${line}`);
      const bytes = Buffer.from(encoded, 'base64');
      const [id, signature] = [bytes.toString('hex', 0, 4), bytes.subarray(4)];
      const vkey = vkeys.find((key) => key.startsWith(`${name}+${id}+`));
      if (vkey === undefined) return [];
      if (!signatureFits(vkey, text, signature)) throw new Error(`a wrong signature of ${name}`);
      return [name];
    });
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), signers };
}

function signatureFits(vkey: string, text: string, signature: Buffer): boolean {
  const encoded = vkey.slice(vkey.indexOf('+', vkey.indexOf('+') + 1) + 1);
  const [type, raw] = [Buffer.from(encoded, 'base64')[0], Buffer.from(encoded, 'base64').subarray(1)];
  const x = raw.toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (type === 1) return verify(null, Buffer.from(text), key, signature);
  const message = `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}`;
  return verify(null, Buffer.from(message), key, signature.subarray(8));
}

export interface Proof {
  readonly index: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
}

/** C2SP tlog-proof. */
export function readProof(text: string): Proof {
  const [head, index = '', ...lines] = text.split('\n');
  if (head !== 'c2sp.org/tlog-proof@v1' || !/^index (0|[1-9]\d*)$/.test(index))
    throw new Error('not a proof');
  const empty = lines.indexOf('');
  const path = lines.slice(0, empty).map((line) => Buffer.from(line, 'base64'));
  return { index: Number(index.slice(6)), path, checkpoint: lines.slice(empty + 1).join('\n') };
}

interface Line {
  readonly export?: {
    readonly origin: string;
    readonly from_leaf: number;
    readonly to_leaf: number;
    readonly checkpoint: string | null;
  };
  readonly pruned?: { readonly from: number; readonly to: number; readonly hashes: readonly string[] };
  readonly end?: { readonly events: number };
  readonly leaf_index?: number;
}

export interface CheckedExport {
  readonly origin: string;
  readonly size: number;
  /** Leaves of events, and pruned ones. */
  readonly events: number;
  readonly pruned: number;
}

/**
 * Checks an export from leaf 0 as an auditor would: what its lines hash to is the root that the log has signed.
 * @throws Error that says what is wrong
 */
export function checkExport(lines: readonly string[], vkeys: string): CheckedExport {
  const [head, ...rest] = lines.map((line) => JSON.parse(line) as Line);
  const { checkpoint: note = null, from_leaf, to_leaf, origin = '' } = head?.export ?? {};
  if (note === null || from_leaf !== 0) throw new Error('not an export of a whole log');
  const checkpoint = readCheckpoint(note, vkeys.trim().split('\n'));
  if (!checkpoint.signers.includes(origin) || checkpoint.origin !== origin) throw new Error('not signed');
  if (checkpoint.size !== to_leaf) throw new Error('the size differs');
  let [size, events, pruned] = [0, 0, 0];
  const peaks: { readonly leaves: number; readonly hash: Buffer }[] = [];
  const append = (leaves: number, hash: Buffer): void => {
    let peak = { leaves, hash };
    size += leaves;
    for (let left = peaks.at(-1); left?.leaves === peak.leaves; left = peaks.at(-1)) {
      peaks.pop();
      peak = { leaves: left.leaves * 2, hash: nodeHashOf(left.hash, peak.hash) };
    }
    peaks.push(peak);
  };
  for (const [n, line] of rest.slice(0, -1).entries()) {
    if (line.pruned === undefined) {
      if (line.leaf_index !== size) throw new Error(`leaf ${size} is missing`);
      append(1, leafHashOf(leafTextOf(lines[n + 1] ?? '')));
      events += 1;
    } else {
      const { from, to, hashes } = line.pruned;
      if (from !== size) throw new Error(`leaf ${size} is missing`);
      for (const hash of hashes) {
        let leaves = 1;
        while (size % (leaves * 2) === 0 && size + leaves * 2 <= to) leaves *= 2;
        append(leaves, Buffer.from(hash, 'base64'));
      }
      if (size !== to) throw new Error('pruned leaves are missing');
      pruned += to - from;
    }
  }
  const root = peaks
    .map(({ hash }) => hash)
    .reduceRight<Buffer | undefined>(
      (right, left) => (right === undefined ? left : nodeHashOf(left, right)),
      undefined,
    );
  if (size !== checkpoint.size || root?.equals(checkpoint.root) !== true) throw new Error('the root differs');
  if (rest.at(-1)?.end?.events !== events) throw new Error('the end is missing');
  return { origin, size, events, pruned };
}

/** The text of an event whose hash is its leaf: its RFC 8785 form without what the export adds. */
function leafTextOf(line: string): string {
  const plain = line.replace(/,"leaf_index":\d+\}$/, '}');
  const event = JSON.parse(plain) as { readonly changes: readonly { readonly clear?: unknown }[] };
  if (!event.changes.some(({ clear }) => clear !== undefined)) return plain;
  const masked = event.changes.map((change) => ({ ...change, clear: undefined }));
  return canonicalize({ ...event, changes: masked }) ?? '';
}
