import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { RecentLeaves } from '../audit-log/recent-leaves.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Tracing } from '../runtime/tracing.js';
import { nextTurn } from '../runtime/turns.js';
import type { AuditEvent } from './audit-event.js';
import { type Entry, storeEntries } from './audit-rows.js';
import { Backlog } from './backlog.js';

/** The event was not stored, or not stored in time. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
}

/** Rows in one insert. */
const BATCH_SIZE = 100;
/** Milliseconds that a request waits until its row is durable. */
const APPEND_TIMEOUT = 3_000;
/** Milliseconds between two tries to store the backlog. */
const RETRY_EVERY = 1_000;
/** Tries to store the backlog at shutdown. */
const LAST_TRIES = 3;

interface Waiting {
  readonly entry: Entry;
  /** The span that waits for it. */
  readonly span: unknown;
  readonly stored: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * Appends to the trail. Waiting appends share one insert and one commit (group commit). So each event is durable
 * before its caller is answered, with fewer statements. Rows of patches go first.
 */
@Injectable()
export class AuditWriter {
  private urgent: Waiting[] = [];
  private underWay: readonly Entry[] = [];
  private readonly backlog: Backlog;
  /** After a failure the backlog is not tried for a while, so that it does not delay urgent events. */
  private resting = false;
  private closed = false;
  private working: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
    private readonly leaves: RecentLeaves,
    @Inject(LOGGER) logger: Logger,
  ) {
    metrics.watchAuditQueue(() => ({ urgent: this.urgent.length, behind: this.backlog.size }));
    this.backlog = new Backlog(clock, metrics, logger);
  }

  /**
   * Resolves when the event is durable.
   * @throws AuditUnavailable; after a time-out the row may still be stored
   */
  append(entry: Entry): Promise<void> {
    if (this.closed) return Promise.reject(new AuditUnavailable('the trail is closed'));
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(APPEND_TIMEOUT, () => {
        this.urgent = this.urgent.filter((waiting) => waiting.entry !== entry);
        reject(new AuditUnavailable('the event was not stored in time'));
      });
      this.urgent.push({
        entry,
        span: this.tracing.current,
        stored: () => {
          cancel();
          resolve();
        },
        failed: (error) => {
          cancel();
          reject(error);
        },
      });
      this.work();
    });
  }

  /** Like `append`, but never fails: an event that can't be stored is retried until it is stored. */
  async appendEventually(entry: Entry): Promise<void> {
    try {
      await this.append(entry);
    } catch (error) {
      this.backlog.addOutcome(entry, error);
      this.rest();
    }
  }

  /** Appends an event that no request waits for. */
  appendLater(event: AuditEvent): void {
    this.backlog.addRefusal(event);
    this.work();
  }

  /** Stores waiting events if the database allows it. Events that are lost, and later ones, are logged. */
  async close(): Promise<void> {
    for (let tries = 0; tries < LAST_TRIES && !this.closed; tries += 1) {
      if (tries > 0) await this.clock.sleep(RETRY_EVERY);
      this.resting = false;
      this.work();
      while (this.working !== undefined) await this.working;
      if (this.backlog.size === 0) break;
    }
    this.giveUp();
  }

  /** Stops storing, and logs the lost events. */
  giveUp(): void {
    this.closed = true;
    this.backlog.end(this.underWay);
    for (const { failed } of this.urgent.splice(0)) failed(new AuditUnavailable('the trail is closed'));
  }

  private work(): void {
    this.working ??= this.writeAll().finally(() => {
      this.working = undefined;
      if (this.hasWork) this.work(); // The event arrived during shutdown.
    });
  }

  private get hasWork(): boolean {
    return this.urgent.length > 0 || (this.backlog.size > 0 && !this.resting);
  }

  private async writeAll(): Promise<void> {
    // Requests of one turn of the event loop share an insert: the more, the busier the process is.
    await nextTurn();
    while (this.hasWork) {
      const urgent = this.urgent.splice(0, BATCH_SIZE);
      this.underWay = urgent.length > 0 ? urgent.map(({ entry }) => entry) : this.backlog.next(BATCH_SIZE);
      if (urgent.length > 0) await this.writeUrgent(urgent);
      else await this.writeBehind(this.underWay);
      this.underWay = [];
      await nextTurn();
    }
  }

  private async writeUrgent(batch: Waiting[]): Promise<void> {
    try {
      const entries = batch.map(({ entry }) => entry);
      // Shared by requests: the first is the parent, the others are linked.
      const of = batch.map(({ span }) => span);
      await this.tracing.span('store events', () => this.insert(entries), { of });
      for (const { stored } of batch) stored();
      this.resting = false;
    } catch (error) {
      if (batch.length > 1 && isAboutData(error)) {
        for (const waiting of batch) await this.writeUrgent([waiting]);
        return;
      }
      const unavailable = new AuditUnavailable('the event was not stored', { cause: error });
      for (const { failed } of batch) failed(unavailable);
    }
  }

  /** An event that the database refuses is left out and logged. */
  private async writeBehind(batch: readonly Entry[]): Promise<void> {
    try {
      await this.tracing.span('store events', () => this.insert(batch), { of: [] });
      this.backlog.stored(batch);
    } catch (error) {
      const [first] = batch;
      if (!isAboutData(error) || first === undefined) {
        this.backlog.failed(error);
        this.rest();
      } else if (batch.length === 1) this.backlog.refused(first, error);
      else for (const entry of batch) await this.writeBehind([entry]);
    }
  }

  private async insert(entries: readonly Entry[]): Promise<void> {
    const began = this.clock.monotonic();
    const seconds = (): number => (this.clock.monotonic() - began) / 1_000;
    try {
      await storeEntries(this.database.kysely, entries);
    } catch (error) {
      this.metrics.eventsNotStored(seconds());
      throw error;
    }
    this.metrics.eventsStored(entries.length, seconds());
    for (const { event } of entries) this.leaves.remember(event);
  }

  private rest(): void {
    if (this.resting) return;
    this.resting = true;
    this.clock.after(RETRY_EVERY, () => {
      this.resting = false;
      this.work();
    });
  }
}

/** An event that the database refuses must not fail the others of its insert. SQLSTATE classes 22, 23 and 54. */
function isAboutData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));
}
