import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** Undocumented fields with their own label; all further ones share one. */
const MAX_UNDOCUMENTED = 50;

/** The metrics, for Prometheus. No label contains a secret or a personal value. */
export class Metrics {
  readonly registry = new Registry();
  private readonly undocumented = new Set<string>();

  private readonly rejectedTokens = this.counter(
    'billing_bff_tenant_tokens_rejected_total',
    'Versions of tenants’ tokens that the billing API began to reject',
    ['tenant_id'],
  );
  private readonly patches = this.counter(
    'billing_bff_patches_total',
    'Patches by outcome; a patch with an unknown outcome is counted again when it is final',
    ['outcome'],
  );
  private readonly effects = this.counter(
    'billing_bff_patch_fields_total',
    'Fields of patches by effect; check the ignored and raced ones',
    ['field', 'effect'],
  );
  private readonly undocumentedFields = this.counter(
    'billing_bff_billing_api_undocumented_fields_total',
    'Undocumented fields in answers of the billing API',
    ['field'],
  );
  private readonly delayedOutcomes = this.counter(
    'billing_bff_audit_outcomes_delayed_total',
    'Outcomes that could not be stored at once, each counted once',
    [],
  );
  private readonly waitingOutcomes = new Gauge({
    name: 'billing_bff_audit_outcomes_waiting',
    help: 'Outcomes that wait for the database',
    registers: [this.registry],
  });
  private readonly droppedEvents = this.counter(
    'billing_bff_audit_events_dropped_total',
    'Audit events that were dropped',
    ['phase'],
  );
  private readonly defaultPartition = new Gauge({
    name: 'billing_bff_audit_default_partition_events',
    help: 'Audit events in the default partition: the month of their id could not be made, or is not a month',
    registers: [this.registry],
  });
  private readonly missingMonths = new Gauge({
    name: 'billing_bff_audit_months_missing',
    help: 'Partitions of audit events that could not be made, of this month, the next twelve, and the default partition’s events',
    registers: [this.registry],
  });
  private readonly breakers = new Gauge({
    name: 'billing_bff_billing_api_breakers_open',
    help: 'Open circuit breakers of billing APIs',
    labelNames: ['scope'],
    registers: [this.registry],
  });
  private readonly rejections = this.counter(
    'billing_bff_billing_api_not_admitted_total',
    'Requests to billing APIs refused by a breaker or a bulkhead',
    ['reason'],
  );
  private readonly refusedCallers = this.counter(
    'billing_bff_rate_limited_total',
    'Requests refused because the caller sent too many a minute (rate) or at a time (in-flight)',
    ['reason'],
  );
  private readonly openOperations = new Gauge({
    name: 'billing_bff_operations_unknown',
    help: 'Patches with an unknown outcome, of all instances, as last read by this one',
    registers: [this.registry],
  });

  private readonly logLag = this.gauge(
    'billing_bff_audit_log_lag_seconds',
    'Age of the oldest event that is not in its log yet',
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
  );
  private readonly setAsideEvents = this.counter(
    'billing_bff_audit_events_set_aside_total',
    'Audit events that may not enter their log',
    ['reason'],
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

  /** Counts dropped log lines. */
  watchLog(output: { readonly dropped: number }): void {
    new Counter({
      name: 'billing_bff_log_lines_dropped_total',
      help: 'Log lines dropped because the standard output was not read or was closed',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(output.dropped);
      },
    });
  }

  /** Adds the metrics of Node and the process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry });
  }

  tokenRejected(tenantId: string): void {
    this.rejectedTokens.inc({ tenant_id: tenantId });
  }

  patchEnded(
    outcome: string,
    changes: readonly { readonly field: string; readonly effect?: string }[],
  ): void {
    this.patches.inc({ outcome });
    for (const { field, effect } of changes) if (effect !== undefined) this.effects.inc({ field, effect });
  }

  /**
   * Counts each name once, when it is first seen.
   * @param fields names from the billing API; any text
   * @returns new names; `other` replaces a name that can't be a label
   */
  undocumentedFieldsSeen(fields: readonly string[]): string[] {
    const fresh = [...new Set(fields.map((field) => this.labelOf(field)))].filter(
      (label) => !this.undocumented.has(label),
    );
    for (const field of fresh) {
      this.undocumented.add(field);
      this.undocumentedFields.inc({ field });
    }
    return fresh;
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

  breakersOpen(scope: 'origin' | 'tenant', count: number): void {
    this.breakers.set({ scope }, count);
  }

  notAttempted(reason: 'breaker' | 'bulkhead'): void {
    this.rejections.inc({ reason });
  }

  rateLimited(reason: 'rate' | 'in-flight'): void {
    this.refusedCallers.inc({ reason });
  }

  operationsUnknown(count: number): void {
    this.openOperations.set(count);
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

  private labelOf(field: string): string {
    if (this.undocumented.has(field)) return field;
    const fits = this.undocumented.size < MAX_UNDOCUMENTED && /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(field);
    return fits ? field : 'other';
  }

  private gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Gauge<Label> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  private counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Counter<Label> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
