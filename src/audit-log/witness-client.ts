import { Injectable } from '@nestjs/common';
import { cosignaturesOf } from './checkpoint.js';
import type { Hash } from './merkle.js';
import { readNote, type VerifierKey, writeSignatureLine } from './signed-note.js';

/** A witness, as it is asked. */
export interface KnownWitness {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: VerifierKey;
}

/** A checkpoint for a witness. */
export interface Submission {
  /** The size that the witness cosigned last, as far as it is known. */
  readonly oldSize: number;
  /** Proves that the checkpoint extends that size. */
  readonly proof: readonly Hash[];
  readonly checkpoint: string;
}

/** The witness's answer. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** It knows another size. */
  | { readonly kind: 'conflict'; readonly size: number | undefined }
  /** The proof does not fit what it knows. */
  | { readonly kind: 'inconsistent' }
  /** Anything else, as a label for metrics. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Milliseconds for a request and its whole answer. */
const TIME_OUT = 5_000;
/** Bytes of an answer that are read: some cosignatures have a few hundred. */
const ANSWER_LIMIT = 16_384;
/** Lines of a proof at most (C2SP tlog-witness). */
const MAX_PROOF = 63;

/** Sends checkpoints to witnesses (C2SP tlog-witness). What they answer is not trusted before it is verified. */
@Injectable()
export class WitnessClient {
  /** Never throws: a witness that cannot be reached has refused. */
  async submit(witness: KnownWitness, submission: Submission): Promise<WitnessAnswer> {
    try {
      return await this.ask(witness, submission);
    } catch (error) {
      const late = error instanceof Error && error.name === 'TimeoutError';
      return { kind: 'refused', reason: late ? 'time-out' : 'unreachable' };
    }
  }

  private async ask(
    { url, key }: KnownWitness,
    { oldSize, proof, checkpoint }: Submission,
  ): Promise<WitnessAnswer> {
    if (proof.length > MAX_PROOF) return { kind: 'refused', reason: 'proof-too-long' };
    const lines = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
    const response = await fetch(`${url}/add-checkpoint`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: `old ${oldSize}\n${lines}\n${checkpoint}`,
      redirect: 'error',
      signal: AbortSignal.timeout(TIME_OUT),
    });
    const answer = await limitedText(response);
    if (answer === undefined) return { kind: 'refused', reason: 'answer-too-long' };
    if (response.status === 409) {
      const size = /^(0|[1-9][0-9]{0,14})\n$/.exec(answer)?.[1];
      return { kind: 'conflict', size: size === undefined ? undefined : Number(size) };
    }
    if (response.status === 422) return { kind: 'inconsistent' };
    if (response.status !== 200) return { kind: 'refused', reason: `status-${response.status}` };
    const good = cosignaturesOf(answer, readNote(checkpoint)?.text ?? '', key);
    if (good.length === 0) return { kind: 'refused', reason: 'not-cosigned' };
    return { kind: 'cosigned', lines: good.map(writeSignatureLine).join('') };
  }
}

/** The body as text; undefined if it is too long. The rest is not read. */
async function limitedText({ body }: Response): Promise<string | undefined> {
  const pieces: AsyncIterable<Uint8Array> | null = body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of pieces ?? []) {
    size += chunk.length;
    if (size > ANSWER_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
