import { HASH_BYTES, type TreeHead } from './merkle.js';
import { type NoteSignature, readSignatureLine, signatureFits, type VerifierKey } from './signed-note.js';

/** A checkpoint's statement (C2SP tlog-checkpoint): the log `origin` has this size and root. */
export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

/** The text that is signed: three lines. */
export function writeCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Reads the text of a note; undefined for anything but three such lines. */
export function readCheckpoint(text: string): Checkpoint | undefined {
  const [, origin, size, encoded] =
    /^([^\n]+)\n(0|[1-9][0-9]{0,14})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text) ?? [];
  if (origin === undefined) return undefined;
  const root = Buffer.from(encoded ?? '', 'base64');
  return root.length === HASH_BYTES ? { origin, size: Number(size), root } : undefined;
}

/** Bytes of the time in front of a cosignature. */
const TIME_BYTES = 8;

/**
 * The cosignatures of one witness on a checkpoint (C2SP tlog-cosignature, Ed25519), of the lines that a witness
 * answered; lines of other keys are ignored.
 * @param text the checkpoint's text, without signatures
 */
export function cosignaturesOf(lines: string, text: string, witness: VerifierKey): NoteSignature[] {
  const signatures = lines.split('\n').map(readSignatureLine);
  return signatures.filter(
    (line): line is NoteSignature =>
      line?.name === witness.name && line.id === witness.id && cosigns(line.signature, text, witness),
  );
}

function cosigns(signature: Buffer, text: string, witness: VerifierKey): boolean {
  if (signature.length <= TIME_BYTES) return false;
  const time = signature.readBigUInt64BE();
  const message = `cosignature/v1\ntime ${time}\n${text}`;
  return signatureFits(message, signature.subarray(TIME_BYTES), witness);
}
