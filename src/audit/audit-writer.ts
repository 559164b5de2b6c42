import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Metrics } from '../metrics/metrics.js';
import type { AuditEvent } from './audit-event.js';
import { type Entry, storeEntries } from './audit-rows.js';
import { Backlog } from './backlog.js';

/** The event was not stored, or not in time to rely on it. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
}

/** Rows in one insert. */
const BATCH_SIZE = 100;
/** Milliseconds a request waits for its row to be durable. */
const APPEND_TIMEOUT = 3_000;
/** Milliseconds between two tries to store what waits behind the answers. */
const RETRY_EVERY = 1_000;
/** Tries to store it at the end of the process. */
const LAST_TRIES = 3;

interface Waiting {
  readonly entry: Entry;
  readonly stored: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * Appends to the trail. Appends that wait share one insert and one commit (group commit), so that each is
 * durable before anyone is answered and the database is not asked once for each. Patches' rows go first.
 */
@Injectable()
export class AuditWriter {
  private urgent: Waiting[] = [];
  private readonly backlog: Backlog;
  /** After a failure the backlog waits a moment, so that it does not hold up what is urgent. */
  private resting = false;
  private closed = false;
  private working: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    metrics: Metrics,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.backlog = new Backlog(clock, metrics, logger);
  }

  /**
   * Resolves once the event is durable.
   * @throws AuditUnavailable; the row may turn up all the same if the time-out ran out first
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

  /** As `append`, but never fails: what can't be stored now is tried again until it is. */
  async appendEventually(entry: Entry): Promise<void> {
    try {
      await this.append(entry);
    } catch (error) {
      this.backlog.addOutcome(entry, error);
      this.rest();
    }
  }

  /** Takes an event that nobody waits for. */
  appendLater(event: AuditEvent): void {
    this.backlog.addRefusal(event);
    this.work();
  }

  /** Stores what is waiting, as far as the database lets it, and says what is lost: that, and what comes afterwards. */
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

  /** Stores nothing any more, and says what is lost. */
  giveUp(): void {
    this.closed = true;
    this.backlog.end();
  }

  private work(): void {
    this.working ??= this.writeAll().finally(() => {
      this.working = undefined;
      if (this.hasWork) this.work(); // It came while the end was on its way.
    });
  }

  private get hasWork(): boolean {
    return this.urgent.length > 0 || (this.backlog.size > 0 && !this.resting);
  }

  private async writeAll(): Promise<void> {
    // Lets the requests of one turn of the event loop share the first insert as well.
    await Promise.resolve();
    while (this.hasWork) {
      if (this.urgent.length > 0) await this.writeUrgent(this.urgent.splice(0, BATCH_SIZE));
      else await this.writeBehind(this.backlog.next(BATCH_SIZE));
    }
  }

  private async writeUrgent(batch: Waiting[]): Promise<void> {
    try {
      await this.insert(batch.map(({ entry }) => entry));
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

  /** One that the database can't take is left out, and said. */
  private async writeBehind(batch: readonly Entry[]): Promise<void> {
    try {
      await this.insert(batch);
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

  private insert(entries: readonly Entry[]): Promise<void> {
    return storeEntries(this.database.kysely, entries);
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

/** One event that the database can't take must not fail those that share its insert. SQLSTATE 22, 23 and 54. */
function isAboutData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));
}
