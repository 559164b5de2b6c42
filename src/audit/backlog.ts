import type { Logger } from 'pino';
import { describeError } from '../http/logger.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Clock } from '../runtime/clock.js';
import { slices } from '../runtime/turns.js';
import type { AuditEvent } from './audit-event.js';
import type { Entry } from './audit-rows.js';

/** Refusals that may wait. Further ones are counted and dropped. */
const MAX_REFUSALS = 1_000;
/** Outcomes that may wait while the database is down. The reconciler has to find the further ones. */
const MAX_OUTCOMES = 10_000;
/** Milliseconds between two log lines about the same problem. */
const LOG_EVERY = 60_000;
/** Events in one log line. */
const NAMED = 100;

/**
 * The backlog: outcomes and refusals that are stored after the answer. It is bounded and logged: a line when the
 * database refuses it, one a minute while that lasts, and one when it is over.
 */
export class Backlog {
  private outcomes: Entry[] = [];
  private refusals: Entry[] = [];
  private ended = false;
  /** Events stored since the last failure of the database. */
  private caughtUp = 0;
  private stopSaying: (() => void) | undefined;
  private readonly dropped: Record<Kind, { count: number; quiet: boolean }> = {
    outcome: { count: 0, quiet: false },
    refusal: { count: 0, quiet: false },
  };

  constructor(
    private readonly clock: Clock,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  get size(): number {
    return this.outcomes.length + this.refusals.length;
  }

  /** Adds an outcome that could not be stored. */
  addOutcome(entry: Entry, error: unknown): void {
    if (this.ended) {
      this.sayLost([entry]);
      return;
    }
    this.metrics.outcomeDelayed();
    if (this.outcomes.length >= MAX_OUTCOMES) this.drop('outcome');
    else this.outcomes.push(entry);
    this.failed(error);
  }

  /** Adds a refusal. */
  addRefusal(event: AuditEvent): void {
    if (this.ended) this.sayLost([{ event }]);
    else if (this.refusals.length >= MAX_REFUSALS) this.drop('refusal');
    else this.refusals.push({ event });
  }

  /** The next to store: outcomes first. */
  next(limit: number): readonly Entry[] {
    return (this.outcomes.length > 0 ? this.outcomes : this.refusals).slice(0, limit);
  }

  /** Removes stored events. */
  stored(entries: readonly Entry[]): void {
    this.remove(entries);
    this.caughtUp += entries.length;
    if (this.size > 0 || this.stopSaying === undefined) return;
    this.stopSaying();
    this.stopSaying = undefined;
    this.logger.warn({ stored: this.caughtUp }, 'the audit trail can be written again; the backlog is empty');
  }

  /** Removes an event that the database will never accept. */
  refused(entry: Entry, error: unknown): void {
    this.metrics.auditEventDropped(entry.event.phase);
    this.logger.error({ ...nameOf(entry), error: describeError(error) }, 'an audit event cannot be stored');
    this.remove([entry]);
    this.stored([]);
  }

  /** Records that the database is not available. */
  failed(error: unknown): void {
    this.metrics.outcomesOwed(this.outcomes.length);
    if (this.ended || this.stopSaying !== undefined) return;
    this.caughtUp = 0;
    this.say(
      { error: describeError(error) },
      'the audit trail cannot be written: outcomes and refusals wait',
    );
    this.sayAgain();
  }

  /**
   * Logs the events that are lost; nothing will be stored any more, and later events are logged, too.
   * @param underWay events that are being stored: nobody will know whether they were
   */
  end(underWay: readonly Entry[]): void {
    if (this.ended) return;
    this.ended = true;
    this.stopSaying?.();
    this.stopSaying = undefined;
    this.remove(underWay);
    const lost = [...this.outcomes, ...this.refusals];
    this.remove(lost);
    for (const some of slices(underWay, NAMED))
      this.name(some, 'audit events may be lost: they were being stored when the process ended');
    for (const some of slices(lost, NAMED)) this.sayLost(some);
  }

  private remove(entries: readonly Entry[]): void {
    const gone = new Set(entries);
    this.outcomes = this.outcomes.filter((entry) => !gone.has(entry));
    this.refusals = this.refusals.filter((entry) => !gone.has(entry));
    this.metrics.outcomesOwed(this.outcomes.length);
  }

  private sayAgain(): void {
    this.stopSaying = this.clock.after(LOG_EVERY, () => {
      this.say({}, 'the audit trail still cannot be written: outcomes and refusals wait');
      this.sayAgain();
    });
  }

  private say(more: object, message: string): void {
    this.logger.error(
      { ...more, waiting_outcomes: this.outcomes.length, refusals: this.refusals.length },
      message,
    );
  }

  private sayLost(entries: readonly Entry[]): void {
    for (const { event } of entries) this.metrics.auditEventDropped(event.phase);
    this.name(entries, 'audit events are lost: they could not be stored before the shutdown');
  }

  private name(entries: readonly Entry[], message: string): void {
    this.logger.error({ count: entries.length, events: entries.map(nameOf) }, message);
  }

  private drop(kind: Kind): void {
    this.metrics.auditEventDropped(kind);
    this.dropped[kind].count += 1;
    if (!this.dropped[kind].quiet) this.sayDropped(kind);
  }

  private sayDropped(kind: Kind): void {
    const { count } = this.dropped[kind];
    this.dropped[kind] = { count: 0, quiet: true };
    this.logger.error({ kind, count }, 'audit events are dropped: the backlog is full');
    this.clock.after(LOG_EVERY, () => {
      this.dropped[kind].quiet = false;
      if (this.dropped[kind].count > 0) this.sayDropped(kind);
    });
  }
}

type Kind = 'outcome' | 'refusal';

function nameOf({ event: { operation_id, action, phase, outcome } }: Entry): object {
  return { operation_id, action, phase, outcome };
}
