import { TILE_WIDTH, type TilePlace } from './tiles.js';

/** A tile as a caller asks for it. */
export interface AskedTile extends TilePlace {
  /** Hashes from its beginning; 256: the full tile. */
  readonly width: number;
}

const LEVEL = /^(0|[1-9]|[1-5][0-9]|6[0-3])$/;
/** Groups of three digits, all but the last with `x`; up to 15 digits: every whole number that a log can reach. */
const PATH = /^((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/**
 * Reads `<L>` and `<N>[.p/<W>]` of a tile's address (C2SP tlog-tiles), such as `0` and `x001/x234/067.p/12`; undefined
 * for anything else. A number has one spelling only.
 */
export function readTilePath(level: string, path: string): AskedTile | undefined {
  const [, index, width] = PATH.exec(path) ?? [];
  if (!LEVEL.test(level) || index === undefined) return undefined;
  // Without needless groups of zeros in front.
  if (index.startsWith('x000/')) return undefined;
  const asked = { level: Number(level), n: Number(index.replaceAll(/[x/]/g, '')) };
  if (width === undefined) return { ...asked, width: TILE_WIDTH };
  return Number(width) < TILE_WIDTH ? { ...asked, width: Number(width) } : undefined;
}
