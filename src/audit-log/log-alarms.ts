import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';

/**
 * What is wrong with a log: its stored state does not fit its own last checkpoint; or is older than one that this
 * process has seen; or a witness has cosigned a larger size; or another log under the same name.
 */
export const ALARM_REASONS = [
  'state-does-not-fit-checkpoint',
  'went-back',
  'witness-is-ahead',
  'witness-found-inconsistent',
] as const;
export type AlarmReason = (typeof ALARM_REASONS)[number];

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
  private aside = 0;

  constructor(
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get all(): readonly Alarm[] {
    return [...this.raised.values()];
  }

  /** Events that this instance has set aside. */
  get setAsideCount(): number {
    return this.aside;
  }

  /** An event may not enter its log. */
  setAside(log: string, eventId: string, reason: string): void {
    this.aside += 1;
    this.metrics.auditEventSetAside(reason);
    this.logger.error(
      { log, event_id: eventId, reason },
      'an event was set aside: it may not enter the audit log',
    );
  }

  /** An event is in its log, but it was stored long after its time: an outage, or somebody who adds to the past. */
  late(log: string, eventId: string): void {
    this.metrics.auditEventLate();
    this.logger.warn({ log, event_id: eventId }, 'an event was stored more than 15 minutes after its time');
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
