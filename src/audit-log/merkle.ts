import { createHash, hash } from 'node:crypto';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Buffer;

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** Leaves from `start` to before `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The perfect subtree over the leaves from `index * 2 ** level`, `2 ** level` of them. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Hash of a leaf (RFC 6962, section 2.1). */
export function leafHash(leaf: string | Uint8Array): Hash {
  return createHash('sha256').update('\u0000').update(leaf).digest();
}

const NODE = Buffer.of(1);

/** Hash of an inner node (RFC 6962, section 2.1). */
export function nodeHash(left: Hash, right: Hash): Hash {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}

/** The root of several adjacent subtrees, the largest first. The root of nothing is the hash of nothing. */
export function fold(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return hash('sha256', '', 'buffer');
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The largest perfect subtrees that cover a range of leaves exactly, from the left. */
export function subtreesOf({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/** The nodes of an inclusion proof of leaf `index` in a tree of `size`, in order (RFC 6962, section 2.1.1). */
export function inclusionRanges(index: number, size: number): Range[] {
  const within = ({ start, end }: Range): Range[] => {
    if (end - start === 1) return [];
    const middle = start + splitOf(end - start);
    const [left, right] = [
      { start, end: middle },
      { start: middle, end },
    ];
    return index < middle ? [...within(left), right] : [...within(right), left];
  };
  return within({ start: 0, end: size });
}

/** The nodes of a proof that the tree of `second` leaves begins with the tree of `first` (RFC 6962, section 2.1.2). */
export function consistencyRanges(first: number, second: number): Range[] {
  const within = ({ start, end }: Range, whole: boolean): Range[] => {
    if (first === end) return whole ? [] : [{ start, end }];
    const middle = start + splitOf(end - start);
    const [left, right] = [
      { start, end: middle },
      { start: middle, end },
    ];
    return first <= middle ? [...within(left, whole), right] : [...within(right, false), left];
  };
  return first === 0 ? [] : within({ start: 0, end: second }, true);
}

/** A state of a log: the number of its leaves and their root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

/**
 * Whether the path proves that the second tree begins with the first, which is not empty (RFC 9162, section 2.1.4.2).
 */
export function provesConsistency(first: TreeHead, second: TreeHead, path: readonly Hash[]): boolean {
  if (first.size === second.size) return path.length === 0 && first.root.equals(second.root);
  let [fn, sn] = [first.size - 1, second.size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  const [head, ...rest] = fn === 0 ? [first.root, ...path] : path;
  if (head === undefined) return false;
  let [firstRoot, secondRoot] = [head, head];
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      firstRoot = nodeHash(hash, firstRoot);
      secondRoot = nodeHash(hash, secondRoot);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [half(fn), half(sn)];
    } else secondRoot = nodeHash(secondRoot, hash);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && firstRoot.equals(first.root) && secondRoot.equals(second.root);
}

function half(number: number): number {
  return Math.floor(number / 2);
}

/** The largest power of two below a number. */
function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
