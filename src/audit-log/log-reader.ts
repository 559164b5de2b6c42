import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { Config } from '../config/config.js';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { LogKeys } from './log-keys.js';
import { type Hash, HASH_BYTES, inclusionRanges, type Range } from './merkle.js';
import { readTiles } from './stored-tiles.js';
import type { AskedTile } from './tile-path.js';
import { TILE_WIDTH, Tiles, tilesFor } from './tiles.js';

/** A checkpoint as readers get it: a signed note, with the cosignatures that belong to it. */
export interface ShownCheckpoint {
  readonly size: number;
  readonly note: string;
  /** Witnesses that cosigned it. */
  readonly witnesses: number;
}

/** The events of consecutive leaves. */
export interface Leaves {
  readonly start: number;
  readonly ids: readonly string[];
}

/** Tiles read at a time. */
const TILES_AT_A_TIME = 8;

/** Reads the logs for callers, on the connections of readers. */
@Injectable()
export class LogReader {
  private readonly kysely: Kysely<Schema>;
  private readonly witnesses: readonly string[];

  constructor(
    { readers }: Database,
    private readonly keys: LogKeys,
    config: Config,
  ) {
    this.kysely = readers;
    this.witnesses = config.auditLog.witnesses.map(({ key }) => key);
  }

  /** The newest checkpoint; undefined if nothing was ever added to the log. */
  async newest(log: string): Promise<ShownCheckpoint | undefined> {
    const row = await this.kysely
      .selectFrom('audit_log')
      .select(['checkpoint', 'checkpoint_size'])
      .where('log', '=', log)
      .executeTakeFirst();
    if (row === undefined || row.checkpoint === null) return undefined;
    const cosigned = (await this.cosigned(log)).get(textOf(row.checkpoint)) ?? [];
    return {
      size: row.checkpoint_size,
      note: row.checkpoint + cosigned.map(({ cosignatures }) => cosignatures).join(''),
      witnesses: cosigned.length,
    };
  }

  /** The checkpoint with the most cosignatures, of those the newest; undefined if there is none. */
  async newestCosigned(log: string): Promise<ShownCheckpoint | undefined> {
    const [best] = [...(await this.cosigned(log)).values()]
      .flatMap((rows) => {
        const [first] = rows;
        if (first === undefined) return [];
        const lines = rows.map(({ cosignatures }) => cosignatures).join('');
        return [{ size: first.size, note: first.checkpoint + lines, witnesses: rows.length }];
      })
      .sort((one, other) => other.witnesses - one.witnesses || other.size - one.size);
    return best;
  }

  /** The bytes of a tile; undefined if the log has no such tile, or fewer hashes in it. */
  async tile(log: string, { level, n, width }: AskedTile): Promise<Buffer | undefined> {
    const [tile] = await readTiles(this.kysely, [{ log, level, n }]);
    const bytes = width * HASH_BYTES;
    return tile === undefined || tile.hashes.length < bytes ? undefined : tile.hashes.subarray(0, bytes);
  }

  /** The leaf index of each event that is in the log. */
  async indexesOf(log: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (ids.length === 0) return new Map();
    const { rows } = await sql<{ id: string; leaf_index: number }>`
      select asked.id, tile.n * ${TILE_WIDTH}::bigint + tile.place - 1 as leaf_index
      from unnest(${ids}::uuid[]) as asked(id) cross join lateral (
        select n, array_position(ids, asked.id) as place from audit_tile
        where log = ${log} and level = 0 and last_id >= asked.id and first_id <= asked.id and asked.id = any(ids)
        order by last_id limit 1
      ) as tile
      where not exists (select from audit_set_aside where log = ${log} and event_id = asked.id)`.execute(
      this.kysely,
    );
    return new Map(rows.map(({ id, leaf_index }) => [id, leaf_index]));
  }

  /** Whether the event is in the log, or waits for its leaf. Looked at in the order in which it moves on. */
  async isKnown(log: string, id: string): Promise<boolean> {
    const row = await this.kysely
      .selectFrom('audit_pending')
      .select('log')
      .where('log', '=', log)
      .where('event_id', '=', id)
      .executeTakeFirst();
    return row !== undefined || (await this.indexesOf(log, [id])).has(id);
  }

  /**
   * The proof that an event is in the log (C2SP tlog-proof), with the newest checkpoint; undefined if no checkpoint
   * covers it. If only an earlier checkpoint that covers it has cosignatures, the proof has that one.
   */
  async proofOf(log: string, id: string): Promise<string | undefined> {
    const index = (await this.indexesOf(log, [id])).get(id);
    const newest = index === undefined ? undefined : await this.newest(log);
    if (index === undefined || newest === undefined || newest.size <= index) return undefined;
    const cosigned = newest.witnesses > 0 ? undefined : await this.newestCosigned(log);
    const { size, note } = cosigned !== undefined && cosigned.size > index ? cosigned : newest;
    const path = await this.rootsOf(log, inclusionRanges(index, size));
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${base64Lines(path)}\n${note}`;
  }

  /** The roots of ranges of leaves, as in proofs. */
  async rootsOf(log: string, ranges: readonly Range[]): Promise<Hash[]> {
    const tiles = await this.tilesFor(log, ranges);
    return ranges.map((range) => tiles.rootOf(range));
  }

  /** The roots of the largest perfect subtrees of a range, from the left. */
  async hashesOf(log: string, range: Range): Promise<Hash[]> {
    return (await this.tilesFor(log, [range])).hashesOf(range);
  }

  /** The events of the leaves from `start` to before `end`, 256 at a time at most. */
  async *leaves(log: string, { start, end }: Range): AsyncGenerator<Leaves> {
    const last = Math.ceil(end / TILE_WIDTH);
    for (let n = Math.floor(start / TILE_WIDTH); n < last; n += TILES_AT_A_TIME) {
      const tiles = await this.kysely
        .selectFrom('audit_tile')
        // As JSON, because the driver's parser of arrays takes forty times as long.
        .select(['n', sql<readonly string[] | null>`to_json(ids)`.as('ids')])
        .where('log', '=', log)
        .where('level', '=', 0)
        .where('n', '>=', n)
        .where('n', '<', Math.min(n + TILES_AT_A_TIME, last))
        .orderBy('n')
        .execute();
      for (const tile of tiles) {
        const first = tile.n * TILE_WIDTH;
        const from = Math.max(start, first);
        yield { start: from, ids: (tile.ids ?? []).slice(from - first, end - first) };
      }
    }
  }

  /** The first leaf of the first tile that has an event with this id or a later one. */
  async firstLeafNotBefore(log: string, id: string): Promise<number | undefined> {
    const row = await this.kysely
      .selectFrom('audit_tile')
      .select('n')
      .where('log', '=', log)
      .where('level', '=', 0)
      .where('last_id', '>=', id)
      .orderBy('n')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : row.n * TILE_WIDTH;
  }

  private async tilesFor(log: string, ranges: readonly Range[]): Promise<Tiles> {
    const tiles = new Tiles();
    const places = tilesFor(ranges).map((place) => ({ log, ...place }));
    for (const tile of await readTiles(this.kysely, places)) tiles.put(tile, tile.hashes);
    return tiles;
  }

  /** What the present witnesses cosigned last of the log under its present origin, by the text of the checkpoint. */
  private async cosigned(log: string): Promise<ReadonlyMap<string, readonly Cosigned[]>> {
    if (this.witnesses.length === 0) return new Map();
    const rows = await this.kysely
      .selectFrom('audit_cosignature')
      .select(['size', 'checkpoint', 'cosignatures'])
      .where('log', '=', log)
      .where('witness', 'in', this.witnesses)
      .orderBy('witness')
      .execute();
    const byText = new Map<string, Cosigned[]>();
    for (const { size, checkpoint, cosignatures } of rows) {
      if (checkpoint === null || cosignatures === null) continue;
      const text = textOf(checkpoint);
      if (!text.startsWith(`${this.keys.originOf(log)}\n`)) continue;
      byText.set(text, [...(byText.get(text) ?? []), { size, checkpoint, cosignatures }]);
    }
    return byText;
  }
}

interface Cosigned {
  readonly size: number;
  readonly checkpoint: string;
  readonly cosignatures: string;
}

/** Hashes as lines of a proof. */
function base64Lines(hashes: readonly Hash[]): string {
  return hashes.map((hash) => `${hash.toString('base64')}\n`).join('');
}

/** The text of a note, without its signatures. */
function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}
