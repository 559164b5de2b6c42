import * as fc from 'fast-check';
import { merkleTreeHash } from '../../test/support/audit-log.js';
import { consistencyRanges, type Hash, inclusionRanges, leafHash } from './merkle.js';
import { readTilePath } from './tile-path.js';
import { type TilePlace, Tiles, TileMissing, tilesFor } from './tiles.js';

/** Tiles as they are stored. */
class Stored {
  readonly tiles = new Map<string, TilePlace & { hashes: Buffer }>();

  /** Appends leaves with the tiles at the right edge alone, as the service does. */
  append(size: number, leaves: readonly Hash[]): Hash {
    const edge = this.read(tilesFor([{ start: 0, end: size }]));
    for (const { level, n, hashes } of edge.append(size, leaves)) {
      const before = this.tiles.get(`${level}/${n}`)?.hashes ?? Buffer.of();
      this.tiles.set(`${level}/${n}`, { level, n, hashes: Buffer.concat([before, ...hashes]) });
    }
    return edge.rootOf({ start: 0, end: size + leaves.length });
  }

  read(places: readonly TilePlace[]): Tiles {
    const tiles = new Tiles();
    for (const { level, n } of places) {
      const tile = this.tiles.get(`${level}/${n}`);
      if (tile !== undefined) tiles.put(tile, tile.hashes);
    }
    return tiles;
  }
}

const someLeaves = (size: number): Hash[] => Array.from({ length: size }, (_, n) => leafHash(`leaf ${n}`));

function grown(leaves: readonly Hash[], steps: readonly number[]): Stored {
  const stored = new Stored();
  let size = 0;
  for (const step of [...steps, leaves.length]) {
    const added = leaves.slice(size, size + step);
    expect(stored.append(size, added)).toEqual(merkleTreeHash(leaves.slice(0, size + added.length)));
    size += added.length;
  }
  return stored;
}

/** Around what fills tiles of level 0 and 1; 65,536 leaves take a second. */
const SIZES = fc.oneof(fc.nat(700), fc.constantFrom(255, 256, 257, 511, 512, 513));
const STEPS = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 5 });

describe('tiles', () => {
  it('grow to the root of the definition, in whichever steps', () => {
    fc.assert(
      fc.property(SIZES, STEPS, (size, steps) => {
        grown(someLeaves(size), steps);
      }),
      { numRuns: 30 },
    );
  });

  it('have the hashes that C2SP tlog-tiles defines, in full and partial tiles', () => {
    const leaves = someLeaves(66_000);
    const stored = grown(leaves, [3, 253, 20_000, 45_000]);
    // floor(s / 256 ** l) hashes on each level, the last tile of a level partial.
    const widths = [...stored.tiles.values()].map(({ level, n, hashes }) => [level, n, hashes.length / 32]);
    const expected = [0, 1, 2].flatMap((level) => {
      const hashes = Math.floor(leaves.length / 256 ** level);
      return Array.from({ length: Math.ceil(hashes / 256) }, (_, n) => [
        level,
        n,
        Math.min(256, hashes - 256 * n),
      ]);
    });
    expect(widths.toSorted(byPlace)).toEqual(expected.toSorted(byPlace));
    const at = (level: number, n: number, i: number): Buffer | undefined =>
      stored.tiles.get(`${level}/${n}`)?.hashes.subarray(32 * i, 32 * i + 32);
    expect(at(0, 257, 3)).toEqual(leaves[257 * 256 + 3]);
    expect(at(1, 0, 255)).toEqual(merkleTreeHash(leaves.slice(255 * 256, 256 * 256)));
    expect(at(1, 1, 0)).toEqual(merkleTreeHash(leaves.slice(65_536, 65_536 + 256)));
    expect(at(2, 0, 0)).toEqual(merkleTreeHash(leaves.slice(0, 65_536)));
  });

  it('give the nodes of every proof, also for a size that the log once had', () => {
    const leaves = someLeaves(600);
    const stored = grown(leaves, [100, 300]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (size, at) => {
        const ranges = [
          ...inclusionRanges(at % size, size),
          ...consistencyRanges((at % size) + 1, size),
          { start: 0, end: size },
        ];
        const tiles = stored.read(tilesFor(ranges));
        for (const range of ranges)
          expect(tiles.rootOf(range)).toEqual(merkleTreeHash(leaves.slice(range.start, range.end)));
      }),
      { numRuns: 60 },
    );
  });

  it('ignore hashes behind the size of the log: they are not of it', () => {
    const leaves = someLeaves(300);
    const stored = grown(leaves, []);
    const tiles = stored.read(tilesFor([{ start: 0, end: 270 }]));
    tiles.append(270, [leafHash('another')]);
    expect(tiles.rootOf({ start: 0, end: 271 })).toEqual(
      merkleTreeHash([...leaves.slice(0, 270), leafHash('another')]),
    );
  });

  it('that are missing or too short are named, never guessed', () => {
    const tiles = new Tiles();
    expect(() => tiles.rootOf({ start: 0, end: 3 })).toThrow(TileMissing);
    expect(() => tiles.append(3, [leafHash('x')])).toThrow(TileMissing);
    tiles.put({ level: 0, n: 0 }, Buffer.concat(someLeaves(2)));
    expect(() => tiles.rootOf({ start: 0, end: 3 })).toThrow(TileMissing);
  });
});

const byPlace = ([a = 0, b = 0]: number[], [c = 0, d = 0]: number[]): number => a - c || b - d;

describe('the address of a tile', () => {
  it.each([
    ['0', '000', { level: 0, n: 0, width: 256 }],
    ['63', 'x001/x234/067', { level: 63, n: 1_234_067, width: 256 }],
    ['1', 'x123/456.p/1', { level: 1, n: 123_456, width: 1 }],
    ['0', '999.p/255', { level: 0, n: 999, width: 255 }],
    ['2', 'x999/x999/x999/x999/999', { level: 2, n: 999_999_999_999_999, width: 256 }],
  ])('%s/%s', (level, path, asked) => {
    expect(readTilePath(level, path)).toEqual(asked);
  });

  it.each([
    ...['', '0', '00', '0000', '001/000', 'x000/001', 'x001', 'x001/x002', 'X001/002', 'x001//002'],
    ...['000.p', '000.p/', '000.p/0', '000.p/256', '000.p/01', '000.p/-1', '000.p/1/', '000.p/1000'],
    ...['../000', '000/..', '%2e%2e', '000\n', ' 000', '٠٠٠', '-01', '1e2', 'x001/x001/x001/x001/x001/001'],
  ])('is nothing else: %j', (path) => {
    expect(readTilePath('0', path)).toBeUndefined();
  });

  it.each(['', '64', '00', '-1', '1.0', 'x', 'entries', '1 '])('has a level from 0 to 63: %j', (level) => {
    expect(readTilePath(level, '000')).toBeUndefined();
  });
});
