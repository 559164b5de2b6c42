import { createHash } from 'node:crypto';

/** SHA-256 in lower-case hex. */
export type Hash = string;

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

/** Hash of a leaf (RFC 9162, section 2.1.1). */
export function leafHash(leaf: string | Uint8Array): Hash {
  return createHash('sha256').update('\u0000').update(leaf).digest('hex');
}

/** Hash of an inner node (RFC 9162, section 2.1.1). */
export function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256')
    .update('\u0001')
    .update(Buffer.from(left, 'hex'))
    .update(Buffer.from(right, 'hex'))
    .digest('hex');
}

/** The root of several adjacent subtrees, the largest first. */
export function fold(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return createHash('sha256').digest('hex');
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

interface Peak {
  readonly level: number;
  readonly hash: Hash;
}

/**
 * The frontier of a growing tree: the roots of its perfect subtrees, from the left. More is not needed to append
 * leaves.
 */
export class Frontier {
  private constructor(
    private readonly peaks: Peak[],
    private leaves: number,
  ) {}

  /** @param hashes as returned by `hashes` */
  static of(size: number, hashes: readonly Hash[]): Frontier {
    const levels = levelsOf(size);
    if (levels.length !== hashes.length) throw new RangeError('the frontier does not match its size');
    return new Frontier(
      levels.map((level, index) => ({ level, hash: hashes[index] ?? '' })),
      size,
    );
  }

  get size(): number {
    return this.leaves;
  }

  get hashes(): Hash[] {
    return this.peaks.map(({ hash }) => hash);
  }

  /** Merkle Tree Hash (RFC 9162, section 2.1.1). */
  get root(): Hash {
    return fold(this.hashes);
  }

  /** Appends a leaf. Returns the perfect subtrees that it completed, smallest first, without the leaf itself. */
  append(leaf: Hash): (Subtree & { readonly hash: Hash })[] {
    const completed: (Subtree & { readonly hash: Hash })[] = [];
    let peak: Peak = { level: 0, hash: leaf };
    let left = this.peaks.at(-1);
    while (left?.level === peak.level) {
      this.peaks.pop();
      peak = { level: peak.level + 1, hash: nodeHash(left.hash, peak.hash) };
      completed.push({
        level: peak.level,
        index: Math.floor(this.leaves / 2 ** peak.level),
        hash: peak.hash,
      });
      left = this.peaks.at(-1);
    }
    this.peaks.push(peak);
    this.leaves += 1;
    return completed;
  }
}

/** Levels of the perfect subtrees of a tree, from the left. */
function levelsOf(size: number): number[] {
  const levels: number[] = [];
  let rest = size;
  for (let level = 52; level >= 0; level -= 1) {
    if (rest < 2 ** level) continue;
    levels.push(level);
    rest -= 2 ** level;
  }
  return levels;
}

/**
 * The perfect subtrees that cover a range of leaves, from the left. The range must begin at the start of a subtree.
 */
export function subtreesOf({ start, end }: Range): Subtree[] {
  let at = start;
  return levelsOf(end - start).map((level) => {
    const index = at / 2 ** level;
    at += 2 ** level;
    return { level, index };
  });
}

/** The nodes of an inclusion proof of leaf `index` in a tree of `size`, in order (RFC 9162, section 2.1.3.1). */
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

/**
 * The nodes of a proof that the tree of `second` leaves begins with the tree of `first` (RFC 9162, section 2.1.4.1).
 */
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

/** The largest power of two below a number. */
function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}
