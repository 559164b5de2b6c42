import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { Schema } from '../database/schema.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { slices } from '../runtime/turns.js';
import { type Leaf, leavesInTime, type WithRow } from './leaf.js';
import { LogAlarms } from './log-alarms.js';
import { faultOf, rangesToCheck, type SeenState } from './log-check.js';
import { LogKeys } from './log-keys.js';
import { LogLag } from './log-lag.js';
import { type DueLog, type Entry, LogStore, type LogState } from './log-store.js';
import type { Hash, TreeHead } from './merkle.js';
import { RecentLeaves } from './recent-leaves.js';
import { type GrownLog, readTiles } from './stored-tiles.js';
import { Tiles, tilesFor } from './tiles.js';

/** Milliseconds between two looks for logs with something to do. */
const POLL_EVERY = 250;
/** Logs of one transaction. */
const LOGS_AT_A_TIME = 100;
/** Events of one transaction. */
const EVENTS_AT_A_TIME = 1_000;
/** Transactions at a time: most connections are for patches. */
const SIDE_BY_SIDE = 3;
/** Milliseconds until a log with an alarm is checked again. */
const CHECK_ALARM_AFTER = 10_000;

/** An event that waits, and its leaf. */
interface Candidate {
  readonly waiting: Entry;
  readonly leaf: Leaf;
}

/** A log that may be signed. */
type Signable = TreeHead & { readonly log: string };

/**
 * Gives durable events their leaf index, in the order in which it finds them, and signs a checkpoint of each log that
 * grew. All instances do this, each with logs that no other one has locked. A log grows only from a state that fits
 * its own last checkpoint, and the checkpoint is signed after the transaction: so no two checkpoints of a log are
 * inconsistent, whichever instance dies when.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly poller: Poller;
  private readonly seen = new Map<string, SeenState>();
  /** When to check logs with an alarm again. */
  private readonly resting = new Map<string, number>();
  /** Logs whose checkpoint has the origin of an earlier AUDIT_LOG_NAME. */
  private renamed: ReadonlySet<string> = new Set();

  constructor(
    private readonly store: LogStore,
    private readonly keys: LogKeys,
    private readonly alarms: LogAlarms,
    private readonly lag: LogLag,
    private readonly clock: Clock,
    private readonly recent: RecentLeaves,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const failed = errorLine(logger, 'the audit log failed unexpectedly');
    this.poller = new Poller(clock, POLL_EVERY, () => this.poll(), failed);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.renamed = new Set(await this.store.withOtherOrigin((log) => this.keys.originOf(log)));
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async poll(): Promise<void> {
    try {
      let progress = true;
      while (progress && !this.poller.stopped) progress = await this.round();
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'events could not be added to their log yet');
    }
  }

  /** Whether anything was done: then there may be more. */
  private async round(): Promise<boolean> {
    const found = await this.store.due();
    await this.lag.measure(found);
    const waiting = new Set(found.map(({ log }) => log));
    const renamed = [...this.renamed].filter((log) => !waiting.has(log));
    const due = [...found, ...renamed.map((log) => ({ log, first_id: null, known: true, unsigned: false }))]
      .filter(({ log }) => !this.isResting(log))
      .sort((one, other) => ((one.first_id ?? '') < (other.first_id ?? '') ? -1 : 1));
    const batches = slices(due, LOGS_AT_A_TIME);
    let progress = false;
    const work = async (): Promise<void> => {
      for (const batch of batches) if (!this.poller.stopped && (await this.extend(batch))) progress = true;
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
    return progress;
  }

  private async extend(due: readonly DueLog[]): Promise<boolean> {
    const logs = due.map(({ log }) => log);
    const unknown = due.filter(({ known }) => !known).map(({ log }) => log);
    if (unknown.length > 0) await this.store.create(unknown);
    const grown = await this.store.transaction((transaction) => this.grow(transaction, logs));
    for (const { log, size } of grown.states) this.remember(log, { size });
    const signed = await this.sign(grown.signable);
    return grown.states.length > 0 || signed > 0;
  }

  /** Of locked logs, in the order of their ids: so only one instance at a time reads what another one stored. */
  private async candidatesOf(
    transaction: Transaction<Schema>,
    logs: readonly string[],
  ): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    const unknown: Entry[] = [];
    for (const waiting of await this.store.waiting(transaction, logs, EVENTS_AT_A_TIME)) {
      const leaf = this.recent.find(waiting.log, waiting.event_id, waiting.now);
      if (leaf === undefined) unknown.push(waiting);
      else candidates.push({ waiting, leaf });
    }
    if (unknown.length === 0) return candidates;
    const read = (some: readonly Entry[]): Promise<WithRow<Entry>[]> =>
      this.store.withRows(transaction, some);
    candidates.push(...(await leavesInTime(unknown, read, this.clock)));
    return candidates.sort(byId);
  }

  private async grow(
    transaction: Transaction<Schema>,
    logs: readonly string[],
  ): Promise<{ readonly states: readonly GrownLog[]; readonly signable: readonly Signable[] }> {
    await this.keys.refresh(transaction);
    if (this.keys.signing.length === 0) return { states: [], signable: [] };
    const locked = await this.store.lock(transaction, logs);
    const good = await this.checked(transaction, locked);
    const candidates = await this.candidatesOf(transaction, [...good.keys()]);
    const entries = candidates.map(({ waiting: { log, event_id, place } }) => ({ log, event_id, place }));
    const taken = new Set((await this.store.take(transaction, entries)).map(({ event_id }) => event_id));
    const own = candidates.filter(({ waiting }) => taken.has(waiting.event_id));
    await this.setAside(transaction, own);
    this.sayLate(own);
    const states = [...good.values()].flatMap(({ state, tiles }) => growthOf(state, tiles, own));
    await this.store.grow(transaction, states);
    const heads = new Map<string, TreeHead>(states.map((head) => [head.log, head]));
    const signable = [...good.values()].flatMap(({ state }) => {
      const { log, may_sign, checkpoint_size } = state;
      const { size, root } = heads.get(log) ?? state;
      const news = size > checkpoint_size || this.renamed.has(log);
      return may_sign && news ? [{ log, size, root }] : [];
    });
    return { states, signable };
  }

  /** The locked logs that may grow, with the tiles at their right edge. */
  private async checked(
    transaction: Transaction<Schema>,
    locked: readonly LogState[],
  ): Promise<ReadonlyMap<string, { readonly state: LogState; readonly tiles: Tiles }>> {
    const places = locked.flatMap((state) =>
      tilesFor(rangesToCheck(state)).map((place) => ({ log: state.log, ...place })),
    );
    const tilesOf = new Map(locked.map(({ log }) => [log, new Tiles()]));
    for (const tile of await readTiles(transaction, places)) tilesOf.get(tile.log)?.put(tile, tile.hashes);
    const good = new Map<string, { state: LogState; tiles: Tiles }>();
    for (const state of locked) {
      const { log, size, checkpoint_size } = state;
      const tiles = tilesOf.get(log) ?? new Tiles();
      const fault = await faultOf(state, tiles, this.seen.get(log), this.keys, transaction);
      if (fault === undefined) {
        this.alarms.clear(log, 'state');
        this.resting.delete(log);
        this.remember(log, { size, checkpointSize: checkpoint_size });
        good.set(log, { state, tiles });
      } else {
        this.resting.set(log, this.clock.monotonic() + CHECK_ALARM_AFTER);
        this.alarms.raise(log, 'state', fault, { size, checkpoint_size });
      }
    }
    return good;
  }

  private async setAside(transaction: Transaction<Schema>, own: readonly Candidate[]): Promise<void> {
    const entries = own.flatMap(({ waiting: { log, event_id }, leaf }) =>
      'reason' in leaf ? [{ log, event_id, reason: leaf.reason }] : [],
    );
    await this.store.setAside(transaction, entries);
    for (const { log, event_id, reason } of entries) this.alarms.setAside(log, event_id, reason);
  }

  private sayLate(own: readonly Candidate[]): void {
    for (const { waiting, leaf } of own)
      if ('hash' in leaf && leaf.late) this.alarms.late(waiting.log, waiting.event_id);
  }

  /** Outside of any transaction. Returns the number of checkpoints. */
  private async sign(signable: readonly Signable[]): Promise<number> {
    const keys = this.keys.signing;
    const signed = signable.map((head) => ({
      log: head.log,
      size: head.size,
      checkpoint: this.keys.sign(head.log, head),
    }));
    const stored = new Set(await this.store.storeCheckpoints(signed, keys));
    for (const { log, size, checkpoint } of signed) {
      if (!stored.has(log)) continue;
      this.remember(log, { size, checkpointSize: size });
      // Whoever keeps these lines elsewhere keeps checkpoints that prove something.
      this.logger.info({ log, size, checkpoint }, 'checkpoint');
    }
    if (stored.size > 0 && this.renamed.size > 0)
      this.renamed = new Set([...this.renamed].filter((log) => !stored.has(log)));
    return stored.size;
  }

  private remember(log: string, news: Partial<SeenState>): void {
    const { size, checkpointSize } = this.seen.get(log) ?? { size: 0, checkpointSize: 0 };
    this.seen.set(log, {
      size: Math.max(size, news.size ?? 0),
      checkpointSize: Math.max(checkpointSize, news.checkpointSize ?? 0),
    });
  }

  private isResting(log: string): boolean {
    return (this.resting.get(log) ?? 0) > this.clock.monotonic();
  }
}

function byId(
  { waiting: { event_id: one } }: Candidate,
  { waiting: { event_id: other } }: Candidate,
): number {
  return one < other ? -1 : 1;
}

/** The log after its events among `own` have become leaves; nothing if there are none. */
function growthOf(state: LogState, tiles: Tiles, own: readonly Candidate[]): GrownLog[] {
  const added = own.flatMap(({ waiting: { log, event_id }, leaf }) =>
    log === state.log && 'hash' in leaf ? [{ id: event_id, hash: leaf.hash }] : [],
  );
  if (added.length === 0) return [];
  const leaves: Hash[] = added.map(({ hash }) => hash);
  const growth = tiles.append(state.size, leaves);
  const size = state.size + leaves.length;
  const root = tiles.rootOf({ start: 0, end: size });
  return [{ log: state.log, size, root, tiles: growth, ids: added.map(({ id }) => id) }];
}
