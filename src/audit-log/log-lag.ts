import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { timeOf } from './event-ids.js';
import { type DueLog, LogStore } from './log-store.js';

/** Measurements between two looks at the age of the newest checkpoint. */
const CHECKPOINT_AGE_EVERY = 40;

/** How far the logs are behind their events, for the metrics. */
@Injectable()
export class LogLag {
  /** Since when logs were seen to have leaves that no checkpoint covers, by the monotonic clock. */
  private unsigned: ReadonlyMap<string, number> = new Map();
  private measured = 0;

  constructor(
    private readonly store: LogStore,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  /** @param due all logs with something to do */
  async measure(due: readonly DueLog[]): Promise<void> {
    this.metrics.auditLogLag(Math.max(this.ageOfOldest(due), this.longestUnsigned(due)));
    if (this.measured++ % CHECKPOINT_AGE_EVERY === 0)
      this.metrics.auditCheckpointAge(await this.store.checkpointAge());
  }

  /** Seconds for which a log has been seen to have leaves that no checkpoint covers; 0 if none has. */
  private longestUnsigned(due: readonly DueLog[]): number {
    const now = this.clock.monotonic();
    const logs = due.filter(({ unsigned }) => unsigned).map(({ log }) => log);
    this.unsigned = new Map(logs.map((log) => [log, this.unsigned.get(log) ?? now]));
    return (now - Math.min(now, ...this.unsigned.values())) / 1_000;
  }

  /** Seconds since the oldest event was made that is in no log; 0 if none waits. By its id, a UUIDv7. */
  private ageOfOldest(due: readonly DueLog[]): number {
    const first = due.map(({ first_id: id }) => id).filter((id) => id !== null);
    if (first.length === 0) return 0;
    const oldest = first.reduce((least, id) => (id < least ? id : least));
    return Math.max(0, (this.clock.now() - timeOf(oldest)) / 1_000);
  }
}
