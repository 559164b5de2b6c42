import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';

/** What is wrong with a log. */
export type AlarmReason =
  /** Its stored state does not fit its own last checkpoint, or that is not signed by this service. */
  | 'state-does-not-fit-checkpoint'
  /** Its stored state is older than one that this process has seen. */
  | 'went-back'
  /** A witness has cosigned a larger size than this log has. */
  | 'witness-is-ahead'
  /** A witness has cosigned another log under the same name. */
  | 'witness-found-inconsistent';

export interface Alarm {
  readonly log: string;
  readonly reason: AlarmReason;
}

/** What the alarms are about: the log's own state, or one of its witnesses. */
type Source = 'state' | `witness ${string}`;

/** Alarms of the logs, as this instance sees them. Each time that one is found, it is an error line and counts once. */
@Injectable()
export class LogAlarms {
  private readonly raised = new Map<string, Alarm>();

  constructor(
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get all(): readonly Alarm[] {
    return [...this.raised.values()];
  }

  raise(log: string, source: Source, reason: AlarmReason, details: object = {}): void {
    this.raised.set(nameOf(log, source), { log, reason });
    this.metrics.auditLogAlarm(reason, this.raised.size);
    this.logger.error({ log, reason, ...details }, 'alarm of the audit log');
  }

  /** What was found is over. */
  clear(log: string, source: Source): void {
    if (!this.raised.delete(nameOf(log, source))) return;
    this.metrics.auditLogAlarms(this.raised.size);
    this.logger.info({ log }, 'an alarm of the audit log is over');
  }
}

function nameOf(log: string, source: Source): string {
  return `${source}\n${log}`;
}
