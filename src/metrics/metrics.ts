import { collectDefaultMetrics, Counter } from 'prom-client';
import { AuditMetrics } from './audit-metrics.js';

/** Undocumented fields with their own label; all further ones share one. */
const MAX_UNDOCUMENTED = 50;

const OUTCOMES = ['applied', 'unchanged', 'rejected', 'not_applied', 'unknown', 'unverifiable'];

/** The connections of one pool to PostgreSQL. */
export interface PoolUse {
  readonly name: string;
  readonly inUse: number;
  readonly waiting: number;
  readonly max: number;
}

/** The metrics, for Prometheus; docs/reference/metrics.md explains each. No label contains a secret or a personal value. */
export class Metrics extends AuditMetrics {
  private readonly undocumented = new Set<string>();

  private readonly requests = this.histogram(
    'billing_bff_http_request_duration_seconds',
    'Time from a request to the end of its answer, by route pattern',
    ['method', 'route', 'status'],
  );
  private readonly refusedTokens = this.counter(
    'billing_bff_access_tokens_rejected_total',
    'Requests refused because of their access token, by the claim or part and its fault',
    ['reason'],
  );
  private readonly keySetFetches = this.counter(
    'billing_bff_jwks_fetches_total',
    'Fetches of the identity provider’s key set',
    ['result'],
    ['success', 'failure'],
  );
  private readonly refusedCallers = this.counter(
    'billing_bff_rate_limited_total',
    'Requests refused because the caller sent too many a minute (rate) or at a time (in-flight)',
    ['reason'],
    ['rate', 'in-flight'],
  );
  private readonly rejectedTokens = this.counter(
    'billing_bff_tenant_tokens_rejected_total',
    'Versions of tenants’ tokens that the billing API began to reject',
    ['tenant_id'],
  );
  private readonly rejectedNow = this.gauge(
    'billing_bff_tenant_current_token_rejected',
    '1 for each tenant whose current token the billing API rejects, as last read from the database',
    ['tenant_id'],
  );
  private readonly patches = this.counter(
    'billing_bff_patches_total',
    'Patches by outcome; a patch with an unknown outcome is counted again when it is final',
    ['outcome'],
    OUTCOMES,
  );
  private readonly effects = this.counter(
    'billing_bff_patch_fields_total',
    'Fields of patches by effect; check the ignored and raced ones',
    ['field', 'effect'],
  );
  private readonly openOperations = this.gauge(
    'billing_bff_operations_unknown',
    'Patches with an unknown outcome, of all instances, as last read by this one',
    [],
  );
  private readonly oldestOperation = this.gauge(
    'billing_bff_operations_unknown_oldest_seconds',
    'For how long the oldest of these has been unknown; 0 if there is none',
    [],
  );
  private readonly looks = this.counter(
    'billing_bff_reconciler_looks_total',
    'Looks of the reconciler at an open operation: it is resolved, stays open, or the look failed',
    ['result'],
    ['resolved', 'open', 'failure'],
  );
  private readonly attempts = this.histogram(
    'billing_bff_billing_api_request_duration_seconds',
    'Time of one attempt at the billing API, by what came of it',
    ['method', 'result'],
  );
  private readonly retries = this.counter(
    'billing_bff_billing_api_retries_total',
    'Requests to billing APIs that were sent again',
    ['reason'],
    ['unreachable', 'token-refused', 'retry-after'],
  );
  private readonly breakers = this.gauge(
    'billing_bff_billing_api_breakers_open',
    'Open circuit breakers of billing APIs',
    ['scope'],
    ['origin', 'tenant'],
  );
  private readonly rejections = this.counter(
    'billing_bff_billing_api_not_admitted_total',
    'Requests to billing APIs refused by a breaker or a bulkhead',
    ['reason'],
    ['breaker', 'bulkhead'],
  );
  private readonly undocumentedFields = this.counter(
    'billing_bff_billing_api_undocumented_fields_total',
    'Fields in answers of the billing API that neither its contract nor this version knows',
    ['field'],
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

  /** @param read the pools; none for the embedded database */
  watchDatabase(read: () => readonly PoolUse[]): void {
    const gauge = (name: string, help: string, valueOf: (pool: PoolUse) => number): void => {
      const samples = () => read().map((pool) => ({ labels: { pool: pool.name }, value: valueOf(pool) }));
      this.readGauge(name, help, ['pool'], samples);
    };
    const name = 'billing_bff_database_connections';
    gauge(`${name}_in_use`, 'Connections to PostgreSQL in use', ({ inUse }) => inUse);
    gauge(`${name}_waiting`, 'Statements that wait for a connection to PostgreSQL', ({ waiting }) => waiting);
    gauge(`${name}_max`, 'Connections to PostgreSQL at most', ({ max }) => max);
  }

  /** @param read operations at billing APIs, and operations that wait for a slot, of all origins */
  watchBulkhead(read: () => { readonly inFlight: number; readonly waiting: number }): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      this.readGauge(name, help, [], () => [{ labels: {}, value: value() }]);
    };
    gauge('billing_bff_billing_api_in_flight', 'Operations at billing APIs', () => read().inFlight);
    gauge('billing_bff_billing_api_waiting', 'Operations that wait for a slot', () => read().waiting);
  }

  /** @param route a pattern, never a path */
  requestEnded(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }

  accessTokenRejected(reason: string): void {
    this.refusedTokens.inc({ reason });
  }

  keySetFetched(result: 'success' | 'failure'): void {
    this.keySetFetches.inc({ result });
  }

  tokenRejected(tenantId: string): void {
    this.rejectedTokens.inc({ tenant_id: tenantId });
  }

  /** @param tenantIds all tenants whose current token is rejected */
  tenantsRejected(tenantIds: readonly string[]): void {
    this.rejectedNow.reset();
    for (const tenantId of tenantIds) this.rejectedNow.set({ tenant_id: tenantId }, 1);
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

  /** @param result of one attempt */
  billingAnswered(method: string, result: string, seconds: number): void {
    this.attempts.observe({ method, result }, seconds);
  }

  billingRetried(reason: string): void {
    this.retries.inc({ reason });
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

  operationsUnknown(count: number, oldestSeconds: number): void {
    this.openOperations.set(count);
    this.oldestOperation.set(oldestSeconds);
  }

  reconcilerLooked(result: 'resolved' | 'open' | 'failure'): void {
    this.looks.inc({ result });
  }

  private labelOf(field: string): string {
    if (this.undocumented.has(field)) return field;
    const fits = this.undocumented.size < MAX_UNDOCUMENTED && /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(field);
    return fits ? field : 'other';
  }
}
