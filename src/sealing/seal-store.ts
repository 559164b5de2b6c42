import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database/database.js';
import type { AuditSealTable } from '../database/schema.js';
import {
  consistencyRanges,
  fold,
  type Hash,
  inclusionRanges,
  nodeHash,
  type Range,
  type Subtree,
  subtreesOf,
} from './merkle.js';
import type { Seal } from './seal.js';
import { NODE_LEVELS } from './sealer.js';

/** The position of an event in its log. */
export interface Leaf {
  readonly leaf_index: number;
  readonly leaf_hash: Hash;
  readonly seal: number;
}

/** Reads logs and their seals, and creates proofs. */
@Injectable()
export class SealStore {
  constructor(private readonly database: Database) {}

  /** Oldest first, after `after`. */
  async list(log: string, after: number, limit: number): Promise<Seal[]> {
    const rows = await this.database.kysely
      .selectFrom('audit_seal')
      .selectAll()
      .where('log', '=', log)
      .where('seal', '>', after)
      .orderBy('seal')
      .limit(limit)
      .execute();
    return rows.map(toSeal);
  }

  async find(log: string, seal: number): Promise<Seal | undefined> {
    const row = await this.database.kysely
      .selectFrom('audit_seal')
      .selectAll()
      .where('log', '=', log)
      .where('seal', '=', seal)
      .executeTakeFirst();
    return row === undefined ? undefined : toSeal(row);
  }

  leafOf(log: string, eventId: string): Promise<Leaf | undefined> {
    return this.database.kysely
      .selectFrom('audit_leaf')
      .select(['leaf_index', 'leaf_hash', 'seal'])
      .where('log', '=', log)
      .where('event_id', '=', eventId)
      .executeTakeFirst();
  }

  /** Whether the event exists and waits for its seal. */
  async isWaiting(log: string, eventId: string): Promise<boolean> {
    const row = await this.database.kysely
      .selectFrom('audit_pending')
      .select('log')
      .where('log', '=', log)
      .where('event_id', '=', eventId)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Inclusion proof (RFC 9162, section 2.1.3). */
  inclusionPath(log: string, index: number, size: number): Promise<Hash[]> {
    return this.hashesOf(log, inclusionRanges(index, size));
  }

  /** Consistency proof (RFC 9162, section 2.1.4). */
  consistencyPath(log: string, first: number, second: number): Promise<Hash[]> {
    return this.hashesOf(log, consistencyRanges(first, second));
  }

  private async hashesOf(log: string, ranges: readonly Range[]): Promise<Hash[]> {
    const hashes: Hash[] = [];
    for (const range of ranges) {
      const parts: Hash[] = [];
      for (const subtree of subtreesOf(range)) parts.push(await this.hashOf(log, subtree));
      hashes.push(fold(parts));
    }
    return hashes;
  }

  /** Computed from the stored nodes of the next lower level that has some. */
  private async hashOf(log: string, { level, index }: Subtree): Promise<Hash> {
    const base = level - (level % NODE_LEVELS);
    const width = 2 ** (level - base);
    const first = index * width;
    const found = await sql<{ hash: string }>`
      select hash from (
        select leaf_index as position, leaf_hash as hash, 0 as level from audit_leaf where log = ${log} and ${base} = 0
          and leaf_index >= ${first} and leaf_index < ${first + width}
        union all
        select position, hash, level from audit_node where log = ${log} and level = ${base}
          and position >= ${first} and position < ${first + width}
      ) as stored order by position`.execute(this.database.kysely);
    let hashes = found.rows.map(({ hash }) => hash);
    if (hashes.length !== width) throw new Error(`the log ${log} lacks nodes of level ${base} at ${first}`);
    while (hashes.length > 1) hashes = paired(hashes);
    return hashes[0] ?? '';
  }
}

function paired(hashes: readonly Hash[]): Hash[] {
  return hashes.flatMap((left, at) => (at % 2 === 0 ? [nodeHash(left, hashes[at + 1] ?? '')] : []));
}

function toSeal({ sealed_at, ...row }: AuditSealTable): Seal {
  const { log, seal, tree_size, root, previous, jws } = row;
  return { log, seal, tree_size, root, previous, sealed_at: sealed_at.toISOString(), jws };
}
