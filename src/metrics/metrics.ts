import { collectDefaultMetrics, Counter, Registry } from 'prom-client';

/** What is counted, for Prometheus. No label holds a secret or a personal value. */
export class Metrics {
  readonly registry = new Registry();
  private readonly rejectedTokens = new Counter({
    name: 'billing_bff_tenant_tokens_rejected_total',
    help: 'Versions of tenants’ tokens that the billing API began to reject',
    labelNames: ['tenant_id'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  tokenRejected(tenantId: string): void {
    this.rejectedTokens.inc({ tenant_id: tenantId });
  }
}
