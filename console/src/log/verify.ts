// The verdicts of `npm run audit:verify`, in the browser.
import type { components } from 'billing-bff-client';
import { type Bytes, fromBase64, sameBytes, toBase64 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { GrowingTree, leafHash, rootOfInclusion, subtreesOf } from './merkle.js';
import {
  CannotCheck,
  type Checkpoint,
  NotProven,
  readCheckpoint,
  readProof,
  readVkeys,
  type Vkey,
} from './note.js';

type AuditEvent = components['schemas']['AuditEvent'];

export interface Verdict {
  /** Undefined: it could not be checked. */
  readonly valid: boolean | undefined;
  /** What was proven, or what is wrong and where, or why nothing can be said. */
  readonly message: string;
  /** Where a valid export ended; the next may begin there. */
  readonly end?: LogEnd;
}

/** A log that was verified up to here. */
export interface LogEnd {
  /** The signed checkpoint, a note: origin, size and root. */
  readonly checkpoint: string;
  /** The right edge of the tree, in base64: the roots of its largest complete subtrees, from the left. */
  readonly edge: readonly string[];
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
    return { message: `The event is leaf ${proof.index} of ${nameOf(checkpoint)}.` };
  });
}

/** Level-0 hashes of the log: `tileAt(n)` are those of the leaves from 256·n on, 32 bytes each. */
export type TileAt = (n: number, size: number) => Promise<Bytes>;

/**
 * Whether an export is whole and unaltered, and goes on where the last one ended.
 * @param lines of the NDJSON export, from leaf 0 or from the end of the last one on
 * @param tileAt finds the place of what was altered
 * @param last where the last export of this log ended
 */
export async function verifyExport(
  lines: readonly string[],
  vkeysText: string,
  tileAt: TileAt,
  last?: LogEnd,
): Promise<Verdict> {
  return verdict(async () => {
    const [first, ...rest] = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
    if (first?.export?.checkpoint === undefined)
      throw new NotProven('This is no complete export: it has no checkpoint.');
    const { checkpoint: note, from_leaf: from, to_leaf } = first.export;
    const vkeys = await readVkeys(vkeysText);
    const checkpoint = await readCheckpoint(note, vkeys);
    const known = last === undefined ? undefined : await openEnd(last, vkeys, checkpoint);
    const tree = startOf(from, known);
    const leaves: Bytes[] = [];
    let events = 0;
    for (const line of rest) {
      if (line.end !== undefined) {
        if (line.end.events !== events)
          throw new NotProven(`The export says ${line.end.events} events, and has ${events}.`);
        continue;
      }
      if (line.pruned !== undefined) {
        const { from: start, to, hashes } = line.pruned;
        if (start !== tree.size) throw new NotProven(`Leaf ${tree.size} is missing.`);
        for (const [index, size] of subtreesOf(start, to).entries()) {
          await tree.add(fromBase64(hashes[index] ?? ''), size);
          await compare(tree, known);
        }
        continue;
      }
      if (line.leaf_index !== tree.size)
        throw new NotProven(
          `Leaf ${tree.size} is missing; leaf ${line.leaf_index ?? '?'} stands in its place.`,
        );
      const leaf = await leafOf(line as AuditEvent);
      leaves[tree.size] = leaf;
      await tree.add(leaf);
      await compare(tree, known);
      events += 1;
    }
    if (tree.size !== to_leaf || to_leaf !== checkpoint.size)
      throw new NotProven(`The export ends at leaf ${tree.size} instead of ${checkpoint.size}.`);
    const rewritten = known?.contradicted === true ? rewrittenBefore(known.checkpoint) : undefined;
    if (!(await tree.has(checkpoint.root))) {
      const altered = await firstAltered(leaves, from, checkpoint, tileAt);
      if (altered !== undefined) throw new NotProven(`The event at leaf ${altered} was altered.`);
      if (from > 0 && known !== undefined) throw rewrittenBefore(known.checkpoint);
      throw rewritten ?? new NotProven('The events do not lead to the signed root.');
    }
    if (rewritten !== undefined) throw rewritten;
    const what = from === 0 ? `All ${events} events` : `The ${events} events from leaf ${from} on`;
    const since = from === 0 ? '' : ' What is before them was verified earlier.';
    return {
      message: `${what} are as ${nameOf(checkpoint)} has them.${since}`,
      end: { checkpoint: note, edge: tree.hashes().map(toBase64) },
    };
  });
}

/**
 * Whether a log can have grown from where the last export ended to this checkpoint.
 * @param note the log's newest checkpoint; then nobody has to ask for an export of what is not there
 */
export async function verifyGrowth(note: string, vkeysText: string, last: LogEnd): Promise<Verdict> {
  return verdict(async () => {
    const vkeys = await readVkeys(vkeysText);
    const checkpoint = await readCheckpoint(note, vkeys);
    await openEnd(last, vkeys, checkpoint);
    return { message: `${nameOf(checkpoint)} is not smaller than what was verified.` };
  });
}

/** A line of an export: its head, its end, a range that retention dropped, or an event. */
interface Line extends Partial<AuditEvent> {
  readonly export?: { readonly from_leaf: number; readonly to_leaf: number; readonly checkpoint: string };
  readonly end?: { readonly events: number };
  readonly pruned?: { readonly from: number; readonly to: number; readonly hashes: readonly string[] };
}

/** The end of the last export, and whether the events of this one contradict it. */
interface Known {
  readonly checkpoint: Checkpoint;
  readonly tree: GrowingTree;
  contradicted: boolean;
}

/** @throws NotProven, CannotCheck if it is not signed, of another log, damaged, or not what this checkpoint's log was */
async function openEnd(
  { checkpoint: note, edge }: LogEnd,
  vkeys: readonly Vkey[],
  now: Checkpoint,
): Promise<Known> {
  const checkpoint = await readCheckpoint(note, vkeys);
  if (checkpoint.origin !== now.origin)
    throw new NotProven(`This is the log ${now.origin}, and ${checkpoint.origin} was verified.`);
  const sizes = subtreesOf(0, checkpoint.size);
  const tree = GrowingTree.empty();
  for (const [index, size] of sizes.entries()) await tree.add(fromBase64(edge[index] ?? ''), size);
  if (edge.length !== sizes.length || !(await tree.has(checkpoint.root)))
    throw new CannotCheck(
      'What this browser kept of the last check is damaged. Forget it and verify everything.',
    );
  if (now.size < checkpoint.size)
    throw new NotProven(
      `The log was rolled back: it has ${now.size} leaves, and had ${checkpoint.size} when it was verified ` +
        '(or this is an older export).',
    );
  if (now.size === checkpoint.size && !sameBytes(now.root, checkpoint.root))
    throw new NotProven(`The log was rewritten: it signed two different states with ${now.size} leaves.`);
  return { checkpoint, tree, contradicted: false };
}

/** The tree before the first leaf of the export. */
function startOf(from: number, known: Known | undefined): GrowingTree {
  if (from === 0) return GrowingTree.empty();
  if (known === undefined)
    throw new CannotCheck(
      `The export begins at leaf ${from}, and this browser has not verified what is before it.`,
    );
  const { size } = known.checkpoint;
  if (from > size) throw new NotProven(`Leaves ${size} to ${from - 1} are missing since the last check.`);
  if (from < size)
    throw new CannotCheck(`The export begins at leaf ${from}, and the last check ended at ${size}.`);
  return known.tree;
}

/** With what the log was at this size. What lies within a pruned subtree can't be compared. */
async function compare(tree: GrowingTree, known: Known | undefined): Promise<void> {
  if (known !== undefined && known.tree !== tree && tree.size === known.checkpoint.size)
    known.contradicted = !(await tree.has(known.checkpoint.root));
}

function rewrittenBefore({ size }: Checkpoint): NotProven {
  return new NotProven(
    `The log was rewritten: its first ${size} leaves are not what they were when verified.`,
  );
}

const TILE = 256;
const HASH = 32;

async function firstAltered(
  leaves: readonly (Bytes | undefined)[],
  from: number,
  { size }: Checkpoint,
  tileAt: TileAt,
): Promise<number | undefined> {
  for (let n = Math.floor(from / TILE); n * TILE < size; n += 1) {
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
export async function verdict(work: () => Promise<Omit<Verdict, 'valid'>>): Promise<Verdict> {
  try {
    return { valid: true, ...(await work()) };
  } catch (error) {
    const valid = error instanceof CannotCheck ? undefined : false;
    return { valid, message: error instanceof Error ? error.message : String(error) };
  }
}
