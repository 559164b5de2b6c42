import { Inject, Injectable } from '@nestjs/common';
import { type Transaction, sql } from 'kysely';
import type { Logger } from 'pino';
import { fromNow, NOW } from '../database/database-time.js';
import { Database } from '../database/database.js';
import type { AuditLogTable, Schema } from '../database/schema.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { Poller } from '../runtime/poller.js';
import { Frontier, leafHash } from './merkle.js';
import { hashOfSeal, type Seal, type SealedState } from './seal.js';
import { SealSigner } from './seal-signer.js';

/** Milliseconds between two checks for events to seal. */
const POLL_EVERY = 500;
/** Events sealed in one transaction. */
const BATCH = 2_000;
/** Milliseconds of the sealer's lease. */
const LEASE = 5_000;
/** Every level divisible by this number is stored; levels between are computed. */
export const NODE_LEVELS = 4;

interface Pending {
  readonly event_id: string;
  readonly log: string;
  /** Null: the event is no longer in the table. */
  readonly event: string | null;
}

/**
 * Moves durable events into the Merkle log of their tenant, in the order in which it finds them, and seals the logs
 * that grew. One instance does this at a time; if it stops, another one takes over within seconds.
 */
@Injectable()
export class Sealer {
  private readonly holder: string;
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    private readonly signer: SealSigner,
    private readonly clock: Clock,
    ids: Ids,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.holder = ids.uuid();
    const failed = errorLine(logger, 'sealing failed unexpectedly');
    this.poller = new Poller(clock, POLL_EVERY, () => this.poll(), failed);
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async poll(): Promise<void> {
    try {
      while (!this.poller.stopped && (await this.isPending()) && (await this.takeLease())) {
        const seals = await this.sealBatch();
        for (const { jws, log, seal, tree_size } of seals)
          this.logger.info({ log, seal, tree_size, jws }, 'sealed');
      }
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'events could not be sealed yet');
    }
  }

  private async isPending(): Promise<boolean> {
    const row = await this.database.kysely
      .selectFrom('audit_pending')
      .select('log')
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  private async takeLease(): Promise<boolean> {
    const lease = { holder: this.holder, held_until: fromNow(LEASE) };
    const rows = await this.database.kysely
      .insertInto('lease')
      .values({ name: 'sealer', ...lease })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet(lease)
          .where((where) =>
            where.or([where('lease.held_until', '<=', NOW), where('lease.holder', '=', this.holder)]),
          ),
      )
      .returning('name')
      .execute();
    return rows.length > 0;
  }

  private sealBatch(): Promise<Seal[]> {
    return this.database.kysely.transaction().execute(async (transaction) => {
      const pending = await transaction
        .selectFrom('audit_pending')
        .leftJoin('audit_event', 'audit_event.id', 'audit_pending.event_id')
        .select(['event_id', 'log', 'event'])
        .orderBy('event_id')
        .limit(BATCH)
        .execute();
      const seals: Seal[] = [];
      for (const [log, events] of groupByLog(pending))
        seals.push(...(await this.sealLog(transaction, log, events)));
      return seals;
    });
  }

  private async sealLog(
    transaction: Transaction<Schema>,
    log: string,
    pending: readonly Pending[],
  ): Promise<Seal[]> {
    const ids = pending.map(({ event_id }) => event_id);
    await sql`delete from audit_pending where event_id = any(${ids}::uuid[])`.execute(transaction);
    const present = pending.flatMap(({ event_id, event }) => (event === null ? [] : [{ event_id, event }]));
    if (present.length < pending.length)
      this.logger.error(
        { log, events: pending.length - present.length },
        'events were removed before they were sealed',
      );
    if (present.length === 0) return [];
    const before = await this.logFor(transaction, log);
    const frontier = Frontier.of(before.tree_size, before.frontier);
    const number = before.seal + 1;
    const nodes: object[] = [];
    const leaves = present.map(({ event_id, event }) => {
      const leaf = { log, leaf_index: frontier.size, event_id, leaf_hash: leafHash(event), seal: number };
      for (const { level, index, hash } of frontier.append(leaf.leaf_hash))
        if (level % NODE_LEVELS === 0) nodes.push({ log, level, position: index, hash });
      return leaf;
    });
    const state: SealedState = {
      log,
      seal: number,
      tree_size: frontier.size,
      root: frontier.root,
      previous: before.last_jws === '' ? null : hashOfSeal(before.last_jws),
      sealed_at: new Date(this.clock.now()).toISOString(),
    };
    const seal = { ...state, jws: await this.signer.sign(state) };
    await sql`
      with leaves as (
        insert into audit_leaf
        select row.* from json_populate_recordset(null::audit_leaf, ${JSON.stringify(leaves)}::json) as row
      ), nodes as (
        insert into audit_node
        select row.* from json_populate_recordset(null::audit_node, ${JSON.stringify(nodes)}::json) as row
      ), seals as (
        insert into audit_seal
        select row.* from json_populate_recordset(null::audit_seal, ${JSON.stringify([seal])}::json) as row
      )
      update audit_log
      set tree_size = ${seal.tree_size}, frontier = ${frontier.hashes}::text[], seal = ${number}, last_jws = ${seal.jws}
      where log = ${log}`.execute(transaction);
    return [seal];
  }

  /** Locked: another instance waits here. */
  private async logFor(transaction: Transaction<Schema>, log: string): Promise<AuditLogTable> {
    await transaction
      .insertInto('audit_log')
      .values({ log, tree_size: 0, frontier: [], seal: 0, last_jws: '' })
      .onConflict((conflict) => conflict.column('log').doNothing())
      .execute();
    return transaction
      .selectFrom('audit_log')
      .selectAll()
      .where('log', '=', log)
      .forUpdate()
      .executeTakeFirstOrThrow();
  }
}

function groupByLog(pending: readonly Pending[]): Map<string, Pending[]> {
  const logs = new Map<string, Pending[]>();
  for (const one of pending) {
    const group = logs.get(one.log);
    if (group === undefined) logs.set(one.log, [one]);
    else group.push(one);
  }
  return logs;
}
