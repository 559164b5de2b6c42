import * as fc from 'fast-check';
import { merkleTreeHash, rootOfInclusion } from '../../test/support/audit-log.js';
import {
  consistencyRanges,
  fold,
  type Hash,
  inclusionRanges,
  leafHash,
  provesConsistency,
  type Range,
  subtreesOf,
} from './merkle.js';

/** The tree that the logs of Certificate Transparency are tested with: leaves in hex, and the root after each. */
const VECTORS: readonly (readonly [leaf: string, root: string])[] = [
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

const rootOf = (leaves: readonly Hash[], { start, end }: Range): Hash =>
  merkleTreeHash(leaves.slice(start, end));
const hex = (hashes: readonly Hash[]): string[] => hashes.map((hash) => hash.toString('hex'));
const hashesOf = (ranges: readonly Range[], leaves: readonly Hash[]): Hash[] =>
  ranges.map((range) => rootOf(leaves, range));
const someLeaves = (size: number): Hash[] => Array.from({ length: size }, (_, n) => leafHash(`leaf ${n}`));

describe('a Merkle tree', () => {
  it('has the roots of the published test vectors', () => {
    const roots = VECTORS.map((_, n) =>
      fold(
        subtreesOf({ start: 0, end: n + 1 }).map(({ level, index }) =>
          rootOf(LEAVES, { start: index * 2 ** level, end: (index + 1) * 2 ** level }),
        ),
      ),
    );
    expect(hex(roots)).toEqual(VECTORS.map(([, root]) => root));
  });

  it('has the published proofs', () => {
    expect(hex(hashesOf(inclusionRanges(5, 8), LEAVES))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(hashesOf(consistencyRanges(6, 8), LEAVES))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('of nothing has the hash of nothing', () => {
    expect(fold([]).toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('proves that each leaf is in it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(), (size, at) => {
        const [leaves, index] = [someLeaves(size), at % size];
        const path = hashesOf(inclusionRanges(index, size), leaves);
        const root = rootOfInclusion(leaves[index] ?? Buffer.of(), index, size, path);
        expect(root).toEqual(merkleTreeHash(leaves));
      }),
    );
  });

  it('proves that it only grew, and nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), fc.nat(), fc.nat(), (second, less, other) => {
        const first = second - (less % second);
        const leaves = someLeaves(second);
        const head = (size: number, of = leaves): { size: number; root: Hash } => ({
          size,
          root: merkleTreeHash(of.slice(0, size)),
        });
        const path = hashesOf(consistencyRanges(first, second), leaves);
        expect(provesConsistency(head(first), head(second), path)).toBe(true);
        const changed = leaves.with(other % first, leafHash('changed'));
        expect(provesConsistency(head(first, changed), head(second), path)).toBe(false);
        expect(provesConsistency(head(first), head(second, changed), path)).toBe(false);
        const forged = hashesOf(consistencyRanges(first, second), changed);
        expect(provesConsistency(head(first), head(second, changed), forged)).toBe(false);
        expect(provesConsistency(head(first), head(second), [...path, head(first).root])).toBe(false);
        if (path.length > 0) expect(provesConsistency(head(first), head(second), path.slice(1))).toBe(false);
      }),
    );
  });

  it('has any range of leaves as the largest aligned subtrees', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (start, length) => {
        const subtrees = subtreesOf({ start, end: start + length });
        let at = start;
        for (const { level, index } of subtrees) {
          expect(index * 2 ** level).toBe(at);
          const next = at + 2 ** level;
          // A larger one would not be aligned, or would go beyond the end.
          expect(at % 2 ** (level + 1) !== 0 || at + 2 ** (level + 1) > start + length).toBe(true);
          at = next;
        }
        expect(at).toBe(start + length);
      }),
    );
  });
});
