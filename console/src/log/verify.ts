// The verdicts of `npm run audit:verify`, in the browser.
import type { components } from 'billing-bff-client';
import { type Bytes, fromBase64, sameBytes } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { GrowingTree, leafHash, rootOfInclusion, subtreesOf } from './merkle.js';
import { type Checkpoint, NotProven, readCheckpoint, readProof, readVkeys } from './note.js';

type AuditEvent = components['schemas']['AuditEvent'];

export interface Verdict {
  readonly valid: boolean;
  /** What was proven, or what is wrong and where. */
  readonly message: string;
}

/** The event's leaf: without its place, and without what only this reader sees. */
export function leafOf(event: AuditEvent): Promise<Bytes> {
  const { leaf_index: _, ...stored } = event;
  const changes = event.changes.map(({ clear: __, ...change }) => change);
  return leafHash(canonicalJson({ ...stored, changes }));
}

/** Whether the log that signed the proof's checkpoint contains this event, as it is here. */
export async function verifyEvent(event: AuditEvent, proofText: string, vkeysText: string): Promise<Verdict> {
  return verdict(async () => {
    const proof = readProof(proofText);
    const checkpoint = await readCheckpoint(proof.checkpoint, await readVkeys(vkeysText));
    const root = await rootOfInclusion(await leafOf(event), proof.index, checkpoint.size, proof.hashes);
    if (root === undefined || !sameBytes(root, checkpoint.root))
      throw new NotProven(
        `This is not the event at leaf ${proof.index}: it was altered, or it is another one.`,
      );
    return `The event is leaf ${proof.index} of ${nameOf(checkpoint)}.`;
  });
}

/** Level-0 hashes of the log: `tileAt(n)` are those of the leaves from 256·n on, 32 bytes each. */
export type TileAt = (n: number, size: number) => Promise<Bytes>;

/**
 * Whether an export is whole and unaltered.
 * @param lines of the NDJSON export from leaf 0 on
 * @param tileAt finds the place of what was altered
 */
export async function verifyExport(
  lines: readonly string[],
  vkeysText: string,
  tileAt: TileAt,
): Promise<Verdict> {
  return verdict(async () => {
    const [first, ...rest] = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
    if (first?.export?.checkpoint === undefined)
      throw new NotProven('This is no complete export: it has no checkpoint.');
    const { checkpoint: note, from_leaf, to_leaf } = first.export;
    if (from_leaf !== 0)
      throw new NotProven(
        `The export begins at leaf ${from_leaf}: check it with the command, which keeps where the last one ended.`,
      );
    const checkpoint = await readCheckpoint(note, await readVkeys(vkeysText));
    const tree = GrowingTree.empty();
    const leaves: Bytes[] = [];
    let events = 0;
    for (const line of rest) {
      if (line.end !== undefined) {
        if (line.end.events !== events)
          throw new NotProven(`The export says ${line.end.events} events, and has ${events}.`);
        continue;
      }
      if (line.pruned !== undefined) {
        const { from, to, hashes } = line.pruned;
        if (from !== tree.size) throw new NotProven(`Leaf ${tree.size} is missing.`);
        const sizes = subtreesOf(from, to);
        for (const [index, size] of sizes.entries()) await tree.add(fromBase64(hashes[index] ?? ''), size);
        continue;
      }
      if (line.leaf_index !== tree.size)
        throw new NotProven(
          `Leaf ${tree.size} is missing; leaf ${line.leaf_index ?? '?'} stands in its place.`,
        );
      const leaf = await leafOf(line as AuditEvent);
      leaves[tree.size] = leaf;
      await tree.add(leaf);
      events += 1;
    }
    if (tree.size !== to_leaf || to_leaf !== checkpoint.size)
      throw new NotProven(`The export ends at leaf ${tree.size} instead of ${checkpoint.size}.`);
    if (!(await tree.has(checkpoint.root))) {
      const altered = await firstAltered(leaves, checkpoint, tileAt);
      throw new NotProven(
        altered === undefined
          ? 'The events do not lead to the signed root.'
          : `The event at leaf ${altered} was altered.`,
      );
    }
    return `All ${events} events are as ${nameOf(checkpoint)} has them.`;
  });
}

/** A line of an export: its head, its end, a range that retention dropped, or an event. */
interface Line extends Partial<AuditEvent> {
  readonly export?: { readonly from_leaf: number; readonly to_leaf: number; readonly checkpoint: string };
  readonly end?: { readonly events: number };
  readonly pruned?: { readonly from: number; readonly to: number; readonly hashes: readonly string[] };
}

const TILE = 256;
const HASH = 32;

async function firstAltered(
  leaves: readonly (Bytes | undefined)[],
  { size }: Checkpoint,
  tileAt: TileAt,
): Promise<number | undefined> {
  for (let n = 0; n * TILE < size; n += 1) {
    const width = Math.min(TILE, size - n * TILE);
    const tile = await tileAt(n, width);
    for (let at = 0; at < width; at += 1) {
      const leaf = leaves[n * TILE + at];
      if (leaf !== undefined && !sameBytes(leaf, tile.slice(at * HASH, (at + 1) * HASH)))
        return n * TILE + at;
    }
  }
  return undefined;
}

function nameOf({ origin, size, signers }: Checkpoint): string {
  const witnesses = signers.filter((name) => name !== origin);
  const cosigned = witnesses.length === 0 ? 'no witness that you trust' : witnesses.join(', ');
  return `${origin} at size ${size} (cosigned by ${cosigned})`;
}

/** What is not proven is a verdict; whatever else fails, such as a line that is no JSON, is one too. */
async function verdict(work: () => Promise<string>): Promise<Verdict> {
  try {
    return { valid: true, message: await work() };
  } catch (error) {
    return { valid: false, message: error instanceof Error ? error.message : String(error) };
  }
}
