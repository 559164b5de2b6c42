import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { TenantStore } from './tenant-store.js';

/** Milliseconds between two reads. */
const EVERY = 15_000;

/**
 * Shows in the metrics whose token the billing API rejects, until another token is stored: by the database, so that a
 * restart does not forget it, and a repair counts.
 */
@Injectable()
export class RejectedTokens implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly poller: Poller;

  constructor(
    private readonly tenants: TenantStore,
    private readonly metrics: Metrics,
    clock: Clock,
  ) {
    // The database does not answer: what was read last stays until the next read.
    this.poller = new Poller(clock, EVERY, () => this.read().catch(() => undefined));
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  /** @throws what the database throws */
  async read(): Promise<void> {
    this.metrics.tenantsRejected(await this.tenants.withRejectedToken());
  }
}
