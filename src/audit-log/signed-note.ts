import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';

/** Types of signatures (C2SP signed-note). */
export const ED25519 = 0x01;
export const ED25519_COSIGNATURE = 0x04;
type SignatureType = typeof ED25519 | typeof ED25519_COSIGNATURE;

/** A public key that verifies signatures of notes. */
export interface VerifierKey {
  readonly name: string;
  /** The first 4 bytes of SHA-256(name, newline, type, public key), in lower-case hex. */
  readonly id: string;
  readonly type: SignatureType;
  readonly publicKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  /** Of the key, as in `VerifierKey`. */
  readonly id: string;
  readonly signature: Buffer;
}

/** A signed note (C2SP signed-note): a text that ends in a newline, and its signatures. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** More signatures than a checkpoint ever has. */
const MAX_SIGNATURES = 64;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) (\S+)$/u;

/** @param raw the 32 bytes of an Ed25519 public key */
export function verifierKey(name: string, type: SignatureType, raw: Uint8Array): VerifierKey {
  const x = Buffer.from(raw).toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const hashed = createHash('sha256').update(`${name}\n`).update(Buffer.of(type)).update(raw).digest();
  return { name, id: hashed.toString('hex', 0, 4), type, publicKey };
}

/** A key as text: `<name>+<id>+<base64 of type and public key>`. */
export function writeVkey({ name, id, type, publicKey }: VerifierKey): string {
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return `${name}+${id}+${Buffer.concat([Buffer.of(type), raw]).toString('base64')}`;
}

/** Reads a key of one type; undefined for anything else, and if its id is not that of its name and key. */
export function readVkey(text: string, type: SignatureType): VerifierKey | undefined {
  const [, name = '', id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (bytes[0] !== type || bytes.length !== 33) return undefined;
  const key = verifierKey(name, type, bytes.subarray(1));
  return key.id === id ? key : undefined;
}

/** Reads a note; undefined for anything else. Nothing is verified yet. */
export function readNote(note: string): Note | undefined {
  // eslint-disable-next-line no-control-regex -- the specification forbids them
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note)) return undefined;
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(readSignatureLine);
  const read = signatures.filter((signature) => signature !== undefined);
  return read.length < lines.length ? undefined : { text: note.slice(0, end + 1), signatures: read };
}

/** Reads one signature line, without its newline. */
export function readSignatureLine(line: string): NoteSignature | undefined {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !BASE64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length < 5) return undefined;
  return { name, id: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) };
}

/** One signature line with its newline. */
export function writeSignatureLine({ name, id, signature }: NoteSignature): string {
  const encoded = Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64');
  return `\u2014 ${name} ${encoded}\n`;
}

/** Whether one of the keys signed the note, and no signature under the name and id of one of them is wrong. */
export function isSignedByAny({ text, signatures }: Note, keys: readonly VerifierKey[]): boolean {
  const checked = keys.flatMap((key) =>
    signatures
      .filter(({ name, id }) => name === key.name && id === key.id)
      .map(({ signature }) => signatureFits(text, signature, key)),
  );
  return checked.length > 0 && checked.every((fits) => fits);
}

export function signatureFits(text: string, signature: Uint8Array, { publicKey }: VerifierKey): boolean {
  return signature.length === 64 && verify(null, Buffer.from(text), publicKey, signature);
}
