import type { Logger } from 'pino';
import type { Database } from '../database/database.js';
import { describeError } from '../http/logger.js';
import type { Clock } from '../runtime/clock.js';
import type { Metrics } from '../metrics/metrics.js';
import type { AuditEvent } from './audit-event.js';
import { type Entry, storeEntries } from './audit-rows.js';

/** The event was not stored, or not in time to rely on it. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
}

/** Rows in one insert. */
const BATCH_SIZE = 100;
/** Refusals that may wait; more are counted and dropped. */
const MAX_BACKGROUND = 1_000;
/** Outcomes that may wait for a database that is away. */
const MAX_OWED = 10_000;
/** Milliseconds a request waits for its row to be durable. */
const APPEND_TIMEOUT = 3_000;
/** Milliseconds between two tries to store what is owed. */
const RETRY_EVERY = 1_000;

interface Waiting {
  readonly entry: Entry;
  readonly stored: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * Appends to the trail. Appends that wait share one insert and one commit (group commit), so that each is
 * durable before anyone is answered and the database is not asked once for each. Patches' rows go first.
 */
export class AuditWriter {
  private urgent: Waiting[] = [];
  private background: Entry[] = [];
  private owed: Entry[] = [];
  private dropped = 0;
  private working: Promise<void> | undefined;
  private cancelRetry: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  /**
   * Resolves once the event is durable.
   * @throws AuditUnavailable; the row may turn up all the same if the time-out ran out first
   */
  append(entry: Entry): Promise<void> {
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
      const { operation_id, phase } = entry.event;
      this.logger.error(
        { operation_id, phase, error: describeError(error) },
        'an outcome could not be stored yet',
      );
      this.metrics.outcomeOwed();
      if (this.owed.length < MAX_OWED) this.owed.push(entry);
      this.retrySoon();
    }
  }

  /** Takes an event that nobody waits for. */
  appendLater(event: AuditEvent): void {
    if (this.background.length >= MAX_BACKGROUND) {
      this.dropped += 1;
      return;
    }
    this.background.push({ event });
    this.work();
  }

  /** Stores what is waiting, as far as the database lets it; nothing may be appended afterwards. */
  async close(): Promise<void> {
    this.cancelRetry();
    this.background.push(...this.owed.splice(0));
    this.work();
    await this.working;
    if (this.background.length > 0)
      this.logger.error({ events: this.background.length }, 'audit events lost at the end');
  }

  private work(): void {
    this.working ??= this.writeAll().finally(() => {
      this.working = undefined;
    });
  }

  private async writeAll(): Promise<void> {
    // Lets the requests of one turn of the event loop share the first insert as well.
    await Promise.resolve();
    let works = true;
    while (this.urgent.length > 0 || (works && this.background.length > 0)) {
      if (this.urgent.length > 0) await this.writeUrgent(this.urgent.splice(0, BATCH_SIZE));
      else works = await this.writeBackground(this.background.slice(0, BATCH_SIZE));
    }
    if (this.dropped > 0)
      this.logger.warn({ events: this.dropped }, 'refusals not recorded: too many at once');
    this.dropped = 0;
  }

  private async writeUrgent(batch: Waiting[]): Promise<void> {
    try {
      await this.insert(batch.map(({ entry }) => entry));
      for (const { stored } of batch) stored();
    } catch (error) {
      if (batch.length > 1 && isAboutData(error)) {
        for (const waiting of batch) await this.writeUrgent([waiting]);
        return;
      }
      const unavailable = new AuditUnavailable('the event was not stored', { cause: error });
      for (const { failed } of batch) failed(unavailable);
    }
  }

  /** Answers whether the database takes rows at all; one that it can't take is left out, and said. */
  private async writeBackground(batch: Entry[]): Promise<boolean> {
    try {
      await this.insert(batch);
    } catch (error) {
      const [first] = batch;
      if (isAboutData(error) && first !== undefined) {
        if (batch.length > 1) return this.writeBackground([first]);
        this.logger.error({ error: describeError(error) }, 'a refusal cannot be stored');
      } else {
        this.logger.warn({ error: describeError(error) }, 'refusals could not be recorded yet');
        this.retrySoon();
        return false;
      }
    }
    this.background.splice(0, batch.length);
    return true;
  }

  private insert(entries: readonly Entry[]): Promise<void> {
    return storeEntries(this.database.kysely, entries);
  }

  private retrySoon(): void {
    this.cancelRetry();
    this.cancelRetry = this.clock.after(RETRY_EVERY, () => {
      for (const entry of this.owed.splice(0)) void this.appendEventually(entry);
      if (this.background.length > 0) this.work();
    });
  }
}

/** One event that the database can't take must not fail those that share its insert. SQLSTATE 22, 23 and 54. */
function isAboutData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));
}
