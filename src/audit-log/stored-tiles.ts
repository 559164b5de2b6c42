import { type Kysely, sql } from 'kysely';
import type { Schema } from '../database/schema.js';
import type { Hash } from './merkle.js';
import type { TileGrowth, TilePlace } from './tiles.js';

/** A tile of a log, as stored. */
export interface StoredTile extends TilePlace {
  readonly log: string;
  readonly hashes: Buffer;
}

/** The stored tiles at these places; those that are not there are left out. */
export async function readTiles(
  database: Kysely<Schema>,
  places: readonly (TilePlace & { readonly log: string })[],
): Promise<StoredTile[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<StoredTile>`
    select tile.log, tile.level, tile.n, tile.hashes
    from json_to_recordset(${JSON.stringify(places)}::json) as place(log text, level smallint, n bigint)
    cross join lateral (
      select log, level, n, hashes from audit_tile where log = place.log and level = place.level and n = place.n offset 0
    ) as tile`.execute(database);
  return rows.map((row) => ({ ...row, hashes: Buffer.from(row.hashes) }));
}

/** A log after it grew. */
export interface GrownLog {
  readonly log: string;
  readonly size: number;
  readonly root: Hash;
  readonly tiles: readonly TileGrowth[];
  /** The events of the added leaves, in order. */
  readonly ids: readonly string[];
}

/** The tiles that a log grew by, as rows: the new hashes, and at level 0 the events of the new leaves. */
export function toTileRows({ log, tiles, ids }: GrownLog): object[] {
  let used = 0;
  return tiles.map(({ level, n, hashes }) => {
    const text = Buffer.concat(hashes).toString('hex');
    if (level > 0) return { log, level, n, hashes: text, ids: null, first_id: null, last_id: null };
    const own = ids.slice(used, (used += hashes.length));
    const sorted = own.toSorted();
    return { log, level, n, hashes: text, ids: own, first_id: sorted[0], last_id: sorted.at(-1) };
  });
}
