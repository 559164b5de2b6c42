import { Injectable } from '@nestjs/common';
import { type Kysely, sql, type Transaction } from 'kysely';
import { Database } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { PLATFORM } from '../tenants/tenant.js';
import type { WithRow } from './leaf.js';
import type { Hash } from './merkle.js';
import { EVENT_COLUMNS } from './stored-event.js';
import { type GrownLog, toTileRows } from './stored-tiles.js';

/** Milliseconds between two checkpoints of a log. */
const CHECKPOINT_EVERY = 1_000;
/** Events that wait for one log before it grows ahead of its next checkpoint. */
const MANY = 256;

/** A log with something to do. */
export interface DueLog {
  readonly log: string;
  /** One of its events that wait; null if only its checkpoint is missing. */
  readonly first_id: string | null;
  /** Whether it has a row in `audit_log`. */
  readonly known: boolean;
  /** Whether it has leaves that no checkpoint covers. */
  readonly unsigned: boolean;
}

export interface WaitingEvent extends Entry {
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: number;
}

/** The stored state of a log. */
export interface LogState {
  readonly log: string;
  readonly size: number;
  readonly root: Hash;
  readonly checkpoint_size: number;
  readonly checkpoint: string | null;
  /** Whether its last checkpoint is old enough for a new one. */
  readonly may_sign: boolean;
}

/** An event that waits for its log. */
export interface Entry {
  readonly log: string;
  readonly event_id: string;
  /** Of its row in `audit_pending`: another row may take this place only when the event no longer waits. */
  readonly place: string;
}

export interface SignedState {
  readonly log: string;
  readonly size: number;
  readonly checkpoint: string;
}

const OLD_ENOUGH = sql<boolean>`(checkpoint_at is null or checkpoint_at <= now() - ${CHECKPOINT_EVERY}::float8 * interval '1 millisecond')`;

/** The logs in the database, for the instance that lets them grow. */
@Injectable()
export class LogStore {
  private readonly kysely: Kysely<Schema>;

  constructor({ kysely }: Database) {
    this.kysely = kysely;
  }

  transaction<Result>(work: (transaction: Transaction<Schema>) => Promise<Result>): Promise<Result> {
    return this.kysely.transaction().execute(work);
  }

  /** The logs that have something to do now. Each log costs two look-ups by index, however many events wait. */
  async due(): Promise<DueLog[]> {
    const { rows } = await sql<DueLog>`
      with recursive waiting as (
        (select log, event_id from audit_pending order by log limit 1)
        union all
        select next.log, next.event_id from waiting cross join lateral (
          select log, event_id from audit_pending where log > waiting.log order by log limit 1
        ) as next
      )
      select waiting.log, waiting.event_id as first_id, audit_log.log is not null as known,
        coalesce(size > checkpoint_size, false) as unsigned
      from waiting left join audit_log on audit_log.log = waiting.log
      where ${OLD_ENOUGH} or (
        select count(*) from (select from audit_pending where log = waiting.log limit ${MANY}) as many
      ) = ${MANY}
      union all
      select log, null, true, true from audit_log
      where size > checkpoint_size and ${OLD_ENOUGH}
        and not exists (select from audit_pending where audit_pending.log = audit_log.log)`.execute(
      this.kysely,
    );
    return rows;
  }

  /** Seconds since the newest checkpoint of any log; 0 if there is none. */
  async checkpointAge(): Promise<number> {
    const { rows } = await sql<{ age: number | null }>`
      select extract(epoch from now() - max(checkpoint_at))::float8 as age from audit_log`.execute(
      this.kysely,
    );
    return Math.max(0, rows[0]?.age ?? 0);
  }

  /** Logs whose checkpoint has another origin than it should have. */
  async withOtherOrigin(originOf: (log: string) => string): Promise<string[]> {
    const rows = await this.kysely
      .selectFrom('audit_log')
      .select(['log', sql<string>`split_part(checkpoint, chr(10), 1)`.as('origin')])
      .where('checkpoint', 'is not', null)
      .execute();
    return rows.filter(({ log, origin }) => origin !== originOf(log)).map(({ log }) => log);
  }

  async create(logs: readonly string[]): Promise<void> {
    await sql`insert into audit_log (log) select unnest(${logs}::text[]) on conflict do nothing`.execute(
      this.kysely,
    );
  }

  /** Up to `limit` events that wait for these logs, in the order of their ids. */
  async waiting(
    transaction: Transaction<Schema>,
    logs: readonly string[],
    limit: number,
  ): Promise<WaitingEvent[]> {
    const { rows: waiting } = await sql<WaitingEvent>`
      select waiting.*, floor(extract(epoch from now()) * 1000)::float8 as now from unnest(${logs}::text[]) as due(log) cross join lateral (
        select log, event_id, ctid::text as place from audit_pending where log = due.log limit ${limit}
      ) as waiting limit ${limit}`.execute(transaction);
    return waiting.sort((one, other) => (one.event_id < other.event_id ? -1 : 1));
  }

  /** @param waiting in the order of their ids */
  async withRows(transaction: Transaction<Schema>, waiting: readonly Entry[]): Promise<WithRow<Entry>[]> {
    const ids = waiting.map(({ event_id }) => event_id);
    const [first, last] = [ids[0], ids.at(-1)];
    if (first === undefined || last === undefined) return [];
    const logs = [...new Set(waiting.map(({ log }) => log))];
    const ofNone = sql<boolean>`tenant_id is null and ${logs.includes(PLATFORM.id)}`;
    const rows = await transaction
      .selectFrom('audit_record')
      .select(EVENT_COLUMNS)
      .select('stored_at')
      .where(sql<boolean>`(tenant_id = any(${logs}::text[]) or ${ofNone})`)
      .where(sql<boolean>`id = any(${ids}::uuid[])`)
      .where('id', '>=', first)
      .where('id', '<=', last)
      .execute();
    const byName = new Map(rows.map((row) => [`${row.tenant_id ?? PLATFORM.id} ${row.id}`, row]));
    return waiting.map((entry) => ({ waiting: entry, row: byName.get(`${entry.log} ${entry.event_id}`) }));
  }

  /** Locks the logs that no other instance has locked, and returns their states. */
  async lock(transaction: Transaction<Schema>, logs: readonly string[]): Promise<LogState[]> {
    const { rows } = await sql<LogState>`
      select log, size, root, checkpoint_size, checkpoint, ${OLD_ENOUGH} as may_sign from audit_log
      where log = any(${logs}::text[]) order by log for update skip locked`.execute(transaction);
    return rows.map((row) => ({ ...row, root: Buffer.from(row.root) }));
  }

  /** Removes events from those that wait. Returns those that still did. */
  async take(transaction: Transaction<Schema>, entries: readonly Entry[]): Promise<Entry[]> {
    if (entries.length === 0) return [];
    const { rows } = await sql<Entry>`
      delete from audit_pending using json_to_recordset(${JSON.stringify(entries)}::json) as taken(place tid, event_id uuid)
      where audit_pending.ctid = taken.place and audit_pending.event_id = taken.event_id
      returning audit_pending.log, audit_pending.event_id, taken.place::text`.execute(transaction);
    return rows;
  }

  async setAside(
    transaction: Transaction<Schema>,
    entries: readonly { readonly log: string; readonly event_id: string; readonly reason: string }[],
  ): Promise<void> {
    if (entries.length === 0) return;
    await sql`
      insert into audit_set_aside (log, event_id, reason)
      select log, event_id, reason from json_to_recordset(${JSON.stringify(entries)}::json)
        as row(log text, event_id uuid, reason text)
      on conflict do nothing`.execute(transaction);
  }

  /** Stores what was added to logs that this transaction has locked. */
  async grow(transaction: Transaction<Schema>, logs: readonly GrownLog[]): Promise<void> {
    if (logs.length === 0) return;
    const states = logs.map(({ log, size, root }) => ({ log, size, root: root.toString('hex') }));
    const tiles = logs.flatMap(toTileRows);
    await sql`
      with tiles as (
        insert into audit_tile (log, level, n, hashes, ids, first_id, last_id)
        select log, level, n, decode(hashes, 'hex'), ids, first_id, last_id
        from json_to_recordset(${JSON.stringify(tiles)}::json) as row(
          log text, level smallint, n bigint, hashes text, ids uuid[], first_id uuid, last_id uuid
        )
        on conflict (log, level, n) do update set
          hashes = audit_tile.hashes || excluded.hashes,
          ids = audit_tile.ids || excluded.ids,
          first_id = least(audit_tile.first_id, excluded.first_id),
          last_id = greatest(audit_tile.last_id, excluded.last_id)
      )
      update audit_log set size = row.size, root = decode(row.root, 'hex')
      from json_to_recordset(${JSON.stringify(states)}::json) as row(log text, size bigint, root text)
      where audit_log.log = row.log`.execute(transaction);
  }

  /**
   * Stores checkpoints that are newer than the stored ones, unless a key that signed them has ended. Returns the logs
   * whose checkpoint was stored.
   * @param keys the public keys that signed
   */
  async storeCheckpoints(signed: readonly SignedState[], keys: readonly string[]): Promise<string[]> {
    if (signed.length === 0) return [];
    const { rows } = await sql<{ log: string }>`
      update audit_log set checkpoint = row.checkpoint, checkpoint_size = row.size, checkpoint_at = now()
      from json_to_recordset(${JSON.stringify(signed)}::json) as row(log text, size bigint, checkpoint text)
      where audit_log.log = row.log and row.size <= audit_log.size and ${OLD_ENOUGH}
        and (row.size > checkpoint_size or (row.size = checkpoint_size
          and split_part(row.checkpoint, chr(10), 1) <> split_part(audit_log.checkpoint, chr(10), 1)))
        and not exists (select from audit_log_key where ended_at is not null and public_key = any(${keys}::text[]))
      returning audit_log.log`.execute(this.kysely);
    return rows.map(({ log }) => log);
  }
}
