// Checkpoints and keys: C2SP signed-note, tlog-checkpoint and tlog-proof.
import { type Bytes, fromBase64, sameBytes, sha256, utf8 } from './bytes.js';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  /** Whose signature the given keys prove. */
  readonly signers: readonly string[];
}

export interface Vkey {
  readonly name: string;
  readonly id: Bytes;
  /** 1: Ed25519; 4: an Ed25519 cosignature of a witness. */
  readonly type: number;
  readonly publicKey: Bytes;
}

/** A fault of a note, a key or a proof, in words for the person. */
export class NotProven extends Error {}

/** Why nothing can be said. */
export class CannotCheck extends Error {}

/** `<name>+<hex id>+<base64 of type and key>`, one a line. */
export async function readVkeys(text: string): Promise<Vkey[]> {
  const lines = text.split('\n').map((line) => line.trim());
  return Promise.all(lines.filter((line) => line !== '').map(readVkey));
}

async function readVkey(line: string): Promise<Vkey> {
  const [, name, id, key] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  if (name === undefined || id === undefined || key === undefined)
    throw new NotProven(`This is no vkey: ${line}`);
  const bytes = fromBase64(key);
  const hash = await sha256(utf8(`${name}\n`), bytes);
  if (hex(hash.slice(0, 4)) !== id) throw new NotProven(`The key id of ${name} does not fit its key.`);
  return { name, id: hash.slice(0, 4), type: bytes[0] ?? 0, publicKey: bytes.slice(1) };
}

/** The size that a note of a checkpoint names, whoever signed it. */
export function sizeIn(note: string): number {
  return Number(note.split('\n')[1]);
}

/**
 * A checkpoint that one of the log's own keys signed.
 * @throws NotProven
 */
export async function readCheckpoint(note: string, vkeys: readonly Vkey[]): Promise<Checkpoint> {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const [origin = '', size = '', root = '', ...more] = text.split('\n');
  if (end < 0 || more.join('') !== '' || !/^(0|[1-9]\d{0,15})$/.test(size))
    throw new NotProven('This is no checkpoint.');
  const signers: string[] = [];
  let ofLog = false;
  for (const line of note
    .slice(end + 2)
    .split('\n')
    .filter((part) => part !== '')) {
    const [, name, encoded] = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    if (name === undefined || encoded === undefined)
      throw new NotProven('A signature of the checkpoint is malformed.');
    const bytes = fromBase64(encoded);
    const vkey = vkeys.find((one) => one.name === name && sameBytes(one.id, bytes.slice(0, 4)));
    if (vkey === undefined) continue;
    if (!(await isSignedBy(vkey, text, bytes.slice(4))))
      throw new NotProven(`The signature of ${name} is wrong.`);
    signers.push(name);
    ofLog ||= vkey.type === 1 && name === origin;
  }
  if (!ofLog) throw new NotProven(`No key of ${origin} that you trust has signed this checkpoint.`);
  return { origin, size: Number(size), root: fromBase64(root), signers };
}

async function isSignedBy({ type, publicKey }: Vkey, text: string, signature: Bytes): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
  if (type === 1) return crypto.subtle.verify('Ed25519', key, signature, utf8(text));
  if (type !== 4) return false;
  const seconds = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
  const message = utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
  return crypto.subtle.verify('Ed25519', key, signature.slice(8), message);
}

export interface Proof {
  readonly index: number;
  readonly hashes: readonly Bytes[];
  /** A note. */
  readonly checkpoint: string;
}

/** @throws NotProven */
export function readProof(text: string): Proof {
  const [head = '', ...rest] = text.split('\n\n');
  const [version, index, ...hashes] = head.split('\n');
  const [, number] = /^index (0|[1-9]\d{0,15})$/.exec(index ?? '') ?? [];
  if (version !== 'c2sp.org/tlog-proof@v1' || number === undefined) throw new NotProven('This is no proof.');
  return { index: Number(number), hashes: hashes.map(fromBase64), checkpoint: rest.join('\n\n') };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
