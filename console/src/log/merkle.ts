// The tree of RFC 6962 (SHA-256).
import { type Bytes, sameBytes, sha256, utf8 } from './bytes.js';

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(text: string): Promise<Bytes> {
  return sha256(LEAF, utf8(text));
}

export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(NODE, left, right);
}

/** The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); undefined if its length is wrong. */
export async function rootOfInclusion(
  leaf: Bytes,
  index: number,
  size: number,
  proof: readonly Bytes[],
): Promise<Bytes | undefined> {
  if (index >= size) return undefined;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = await nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = await nodeHash(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hash : undefined;
}

/** A complete subtree, its size a power of two. */
interface Subtree {
  readonly size: number;
  readonly hash: Bytes;
}

/** The right edge of a tree that grows from the left: enough to go on, and for its root. */
export class GrowingTree {
  private constructor(
    private readonly edge: Subtree[],
    /** Leaves. */
    public size: number,
  ) {}

  static empty(): GrowingTree {
    return new GrowingTree([], 0);
  }

  /** Adds a complete subtree (a leaf is one of size 1) behind the last leaf. */
  async add(hash: Bytes, size = 1): Promise<void> {
    if (this.size % size !== 0) throw new Error('the subtree is not aligned');
    let subtree: Subtree = { size, hash };
    for (let last = this.edge.at(-1); last?.size === subtree.size; last = this.edge.at(-1)) {
      this.edge.pop();
      subtree = { size: 2 * last.size, hash: await nodeHash(last.hash, subtree.hash) };
    }
    this.edge.push(subtree);
    this.size += size;
  }

  async root(): Promise<Bytes> {
    const [last, ...rest] = [...this.edge].reverse();
    if (last === undefined) return sha256();
    let { hash } = last;
    for (const { hash: left } of rest) hash = await nodeHash(left, hash);
    return hash;
  }

  /** The roots of its largest complete subtrees, from the left. */
  hashes(): Bytes[] {
    return this.edge.map(({ hash }) => hash);
  }

  async has(root: Bytes): Promise<boolean> {
    return sameBytes(await this.root(), root);
  }
}

/** Sizes of the maximal aligned subtrees of a range. */
export function subtreesOf(from: number, to: number): number[] {
  const sizes: number[] = [];
  for (let at = from; at < to;) {
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size <= to) size *= 2;
    sizes.push(size);
    at += size;
  }
  return sizes;
}
