import { Instruments, type Sample } from './instruments.js';

/** Events of one insert. */
const BATCH_SIZES = [1, 2, 5, 10, 20, 50, 100];

/** The metrics of the audit trail and its logs. */
export class AuditMetrics extends Instruments {
  private readonly delayedOutcomes = this.counter(
    'billing_bff_audit_outcomes_delayed_total',
    'Outcomes that could not be stored at once, each counted once',
    [],
  );
  private readonly waitingOutcomes = this.gauge(
    'billing_bff_audit_outcomes_waiting',
    'Outcomes that wait for the database',
    [],
  );
  private readonly droppedEvents = this.counter(
    'billing_bff_audit_events_dropped_total',
    'Audit events that were dropped',
    ['phase'],
    ['intent', 'outcome', 'refusal', 'event'],
  );
  private readonly batches = this.histogram(
    'billing_bff_audit_batch_events',
    'Events that were stored by one insert',
    [],
    BATCH_SIZES,
  );
  private readonly commits = this.histogram(
    'billing_bff_audit_commit_duration_seconds',
    'Time of one insert of events, with its commit',
    ['result'],
  );
  private readonly defaultPartition = this.gauge(
    'billing_bff_audit_default_partition_events',
    'Audit events in the default partition: the month of their id could not be made, or is not a month',
    [],
  );
  private readonly missingMonths = this.gauge(
    'billing_bff_audit_months_missing',
    'Partitions of audit events that could not be made, of this month, the next twelve, and the default partition’s events',
    [],
  );
  private readonly logLag = this.gauge(
    'billing_bff_audit_log_lag_seconds',
    'How long the oldest event waits for its log, or a log that grew for its checkpoint, whichever is longer',
    [],
  );
  private readonly logAlarms = this.gauge(
    'billing_bff_audit_log_alarms',
    'Alarms of audit logs that are not over, as this instance sees them',
    [],
  );
  private readonly logAlarmsFound = this.counter(
    'billing_bff_audit_log_alarms_total',
    'How often an alarm of an audit log was found; it is found again until it is over',
    ['reason'],
    ['state-does-not-fit-checkpoint', 'went-back', 'witness-is-ahead', 'witness-found-inconsistent'],
  );
  private readonly setAsideEvents = this.counter(
    'billing_bff_audit_events_set_aside_total',
    'Audit events that may not enter their log',
    ['reason'],
    ['missing', 'not-canonical'],
  );
  private readonly lateEvents = this.counter(
    'billing_bff_audit_events_late_total',
    'Audit events in a log that were stored more than 15 minutes after their time',
    [],
  );
  private readonly checkpointAge = this.gauge(
    'billing_bff_audit_log_checkpoint_age_seconds',
    'Age of the newest checkpoint of any log',
    [],
  );
  private readonly witnessAge = this.gauge(
    'billing_bff_audit_witness_age_seconds',
    'For how long the log that waits longest has had no cosignature of a witness, though it grew',
    ['witness'],
  );
  private readonly witnessRefusals = this.counter(
    'billing_bff_audit_witness_refusals_total',
    'Checkpoints that a witness did not cosign',
    ['witness', 'reason'],
  );

  /** @param read events that wait to be stored: those of requests, and those behind answers */
  watchAuditQueue(read: () => { readonly urgent: number; readonly behind: number }): void {
    const samples = (): Sample<'kind'>[] => {
      const { urgent, behind } = read();
      return [
        { labels: { kind: 'urgent' }, value: urgent },
        { labels: { kind: 'behind' }, value: behind },
      ];
    };
    const help = 'Events that wait to be stored: of requests (urgent), and behind answers (behind)';
    this.readGauge('billing_bff_audit_queue_events', help, ['kind'], samples);
  }

  eventsStored(count: number, seconds: number): void {
    this.batches.observe(count);
    this.commits.observe({ result: 'success' }, seconds);
  }

  eventsNotStored(seconds: number): void {
    this.commits.observe({ result: 'failure' }, seconds);
  }

  outcomeDelayed(): void {
    this.delayedOutcomes.inc();
  }

  outcomesOwed(count: number): void {
    this.waitingOutcomes.set(count);
  }

  auditEventDropped(phase: string): void {
    this.droppedEvents.inc({ phase });
  }

  auditPartitions(missingMonths: number, inDefault: number): void {
    this.missingMonths.set(missingMonths);
    this.defaultPartition.set(inDefault);
  }

  auditLogLag(seconds: number): void {
    this.logLag.set(seconds);
  }

  /** @param current alarms that are not over */
  auditLogAlarm(reason: string, current: number): void {
    this.logAlarmsFound.inc({ reason });
    this.logAlarms.set(current);
  }

  auditLogAlarms(current: number): void {
    this.logAlarms.set(current);
  }

  auditEventSetAside(reason: string): void {
    this.setAsideEvents.inc({ reason });
  }

  auditEventLate(): void {
    this.lateEvents.inc();
  }

  auditCheckpointAge(seconds: number): void {
    this.checkpointAge.set(seconds);
  }

  auditWitnessAge(witness: string, seconds: number): void {
    this.witnessAge.set({ witness }, seconds);
  }

  auditWitnessRefused(witness: string, reason: string): void {
    this.witnessRefusals.inc({ witness, reason });
  }
}
