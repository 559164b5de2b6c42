import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import {
  consistencyRanges,
  fold,
  Frontier,
  type Hash,
  inclusionRanges,
  leafHash,
  nodeHash,
  type Range,
  subtreesOf,
} from './merkle.js';

/** The tree that the logs of Certificate Transparency are tested with: leaves in hex, and the root after each. */
const VECTORS: readonly (readonly [leaf: string, root: Hash])[] = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  ['606162636465666768696a6b6c6d6e6f', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
];
const LEAVES = VECTORS.map(([hex]) => leafHash(Buffer.from(hex, 'hex')));

/** Merkle Tree Hash as RFC 9162, section 2.1.1 writes it down. */
function merkleTreeHash(leaves: readonly Hash[]): Hash {
  const [first = createHash('sha256').digest('hex')] = leaves;
  if (leaves.length < 2) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)));
}

const grown = (leaves: readonly Hash[]): Frontier => {
  const frontier = Frontier.of(0, []);
  for (const leaf of leaves) frontier.append(leaf);
  return frontier;
};
const hashesOf = (ranges: readonly Range[], leaves: readonly Hash[]): Hash[] =>
  ranges.map(({ start, end }) => merkleTreeHash(leaves.slice(start, end)));

/** RFC 9162, section 2.1.3.2. */
function rootByInclusion(leaf: Hash, index: number, size: number, path: readonly Hash[]): Hash {
  let [fn, sn, root] = [index, size - 1, leaf];
  for (const hash of path) {
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(hash, root);
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else root = nodeHash(root, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  expect(sn).toBe(0);
  return root;
}

/** RFC 9162, section 2.1.4.2. */
function rootsByConsistency(
  first: number,
  second: number,
  proof: readonly Hash[],
  firstRoot: Hash,
): [Hash, Hash] {
  const path = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : [...proof];
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  const [head = '', ...rest] = path;
  let fr = head;
  let sr = fr;
  for (const hash of rest) {
    expect(sn).not.toBe(0);
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn > 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  expect(sn).toBe(0);
  return [fr, sr];
}

const someLeaves = (size: number): Hash[] => Array.from({ length: size }, (_, n) => leafHash(`leaf ${n}`));

describe('a Merkle log', () => {
  it('has the roots of the published test vectors', () => {
    expect(LEAVES.map((_, n) => grown(LEAVES.slice(0, n + 1)).root)).toEqual(VECTORS.map(([, root]) => root));
  });

  it('has the published proofs', () => {
    expect(hashesOf(inclusionRanges(5, 8), LEAVES)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hashesOf(consistencyRanges(6, 8), LEAVES)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('of nothing has the hash of nothing', () => {
    expect(grown([]).root).toBe(createHash('sha256').digest('hex'));
  });

  it('grows to the root of the definition, also when it is put down and taken up again', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (size, pause) => {
        const leaves = someLeaves(size);
        const first = grown(leaves.slice(0, pause));
        const again = Frontier.of(first.size, first.hashes);
        for (const leaf of leaves.slice(pause)) again.append(leaf);
        expect(again.root).toBe(merkleTreeHash(leaves));
      }),
    );
  });

  it('names every perfect subtree once, when it is complete', () => {
    const leaves = someLeaves(100);
    const frontier = Frontier.of(0, []);
    const completed = leaves.flatMap((leaf) => frontier.append(leaf));
    expect(completed).toHaveLength(100 - frontier.hashes.length);
    for (const { level, index, hash } of completed)
      expect(hash).toBe(merkleTreeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
  });

  it('proves that each leaf is in it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(), (size, at) => {
        const [leaves, index] = [someLeaves(size), at % size];
        const path = hashesOf(inclusionRanges(index, size), leaves);
        expect(rootByInclusion(leaves[index] ?? '', index, size, path)).toBe(merkleTreeHash(leaves));
      }),
    );
  });

  it('proves that it only grew', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(), (second, less) => {
        const first = second - (less % second);
        const leaves = someLeaves(second);
        const proof = hashesOf(consistencyRanges(first, second), leaves);
        const firstRoot = merkleTreeHash(leaves.slice(0, first));
        if (first === second) expect(proof).toEqual([]);
        else
          expect(rootsByConsistency(first, second, proof, firstRoot)).toEqual([
            firstRoot,
            merkleTreeHash(leaves),
          ]);
      }),
    );
  });

  it('is made of perfect subtrees wherever a proof cuts it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(), (size, at) => {
        const leaves = someLeaves(size);
        for (const range of inclusionRanges(at % size, size)) {
          const parts = subtreesOf(range).map(({ level, index }) =>
            merkleTreeHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
          );
          expect(fold(parts)).toBe(merkleTreeHash(leaves.slice(range.start, range.end)));
        }
      }),
    );
  });
});
