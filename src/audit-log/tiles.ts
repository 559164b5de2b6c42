import { fold, type Hash, HASH_BYTES, nodeHash, type Range, type Subtree, subtreesOf } from './merkle.js';

/** Hashes in a full tile (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;
/** Levels of the tree from one level of tiles to the next: 256 = 2 ** 8. */
const TILE_HEIGHT = 8;

/** The place of a tile: its hash `i` is the root of the leaves from `(256 n + i) * 256 ** level`, `256 ** level` of them. */
export interface TilePlace {
  readonly level: number;
  readonly n: number;
}

/** Hashes that were added to a tile at its end. */
export interface TileGrowth extends TilePlace {
  readonly hashes: readonly Hash[];
}

/** A stored tile is missing, or has too few hashes. */
export class TileMissing extends Error {
  override readonly name = 'TileMissing';
}

/** The tiles that the roots of these ranges are computed from. */
export function tilesFor(ranges: readonly Range[]): TilePlace[] {
  const places = ranges.flatMap((range) => subtreesOf(range).map((subtree) => placeOf(subtree)));
  return [...new Map(places.map(({ level, n }) => [nameOf({ level, n }), { level, n }])).values()];
}

/** Some tiles of one log. */
export class Tiles {
  private readonly tiles = new Map<string, Hash[]>();

  /** @param hashes the hashes of the tile, one after the other */
  put(place: TilePlace, hashes: Buffer): void {
    const list = [];
    for (let at = 0; at + HASH_BYTES <= hashes.length; at += HASH_BYTES)
      list.push(hashes.subarray(at, at + HASH_BYTES));
    this.tiles.set(nameOf(place), list);
  }

  /**
   * The root of a range of leaves, as in a proof. For a range from 0: the Merkle Tree Hash of the log at that size.
   * @throws TileMissing
   */
  rootOf(range: Range): Hash {
    return fold(subtreesOf(range).map((subtree) => this.hashOf(subtree)));
  }

  /**
   * The roots of the largest perfect subtrees of a range, from the left.
   * @throws TileMissing
   */
  hashesOf(range: Range): Hash[] {
    return subtreesOf(range).map((subtree) => this.hashOf(subtree));
  }

  /**
   * Appends leaves to a log of `size`. Only full tiles are hashed into the level above. Returns what was added.
   * @throws TileMissing
   */
  append(size: number, leaves: readonly Hash[]): TileGrowth[] {
    const added = new Map<string, { level: number; n: number; hashes: Hash[] }>();
    const push = (level: number, position: number, hash: Hash): void => {
      const place = { level, n: Math.floor(position / TILE_WIDTH) };
      const tile = this.tileAt(place, position % TILE_WIDTH);
      tile.push(hash);
      const growth = added.get(nameOf(place)) ?? { ...place, hashes: [] };
      growth.hashes.push(hash);
      added.set(nameOf(place), growth);
      if (tile.length === TILE_WIDTH) push(level + 1, place.n, perfectRoot(tile));
    };
    for (const [index, leaf] of leaves.entries()) push(0, size + index, leaf);
    return [...added.values()];
  }

  /** The tile at a place, which has at least `width` hashes; further ones are not of this state of the log. */
  private tileAt(place: TilePlace, width: number): Hash[] {
    const tile = this.tiles.get(nameOf(place)) ?? [];
    if (tile.length < width) throw new TileMissing(`tile ${nameOf(place)} has ${tile.length} hashes`);
    const fitting = tile.length === width ? tile : tile.slice(0, width);
    this.tiles.set(nameOf(place), fitting);
    return fitting;
  }

  private hashOf(subtree: Subtree): Hash {
    const { level, n, first, width } = placeOf(subtree);
    const hashes = this.tiles.get(nameOf({ level, n }))?.slice(first, first + width) ?? [];
    if (hashes.length < width) throw new TileMissing(`tile ${nameOf({ level, n })} lacks hashes`);
    return perfectRoot(hashes);
  }
}

/** Where the hashes are of which a subtree consists: `width` of them in one tile. */
function placeOf({ level, index }: Subtree): TilePlace & { readonly first: number; readonly width: number } {
  const width = 2 ** (level % TILE_HEIGHT);
  const position = index * width;
  const n = Math.floor(position / TILE_WIDTH);
  return { level: Math.floor(level / TILE_HEIGHT), n, first: position % TILE_WIDTH, width };
}

/** The root over a power of two of hashes. */
function perfectRoot(hashes: readonly Hash[]): Hash {
  let level = hashes;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = level.slice(at, at + 2);
      if (left !== undefined && right !== undefined) above.push(nodeHash(left, right));
    }
    level = above;
  }
  return fold(level);
}

function nameOf({ level, n }: TilePlace): string {
  return `${level}/${n}`;
}
