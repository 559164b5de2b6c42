import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { NOW } from './database-time.js';
import { Database } from './database.js';

/** Milliseconds between two sweeps. */
const SWEEP_EVERY = 10 * 60_000;

/** Deletes expired rows: idempotency keys, and leases of dead processes. */
@Injectable()
export class ExpiredRows implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    clock: Clock,
  ) {
    this.poller = new Poller(clock, SWEEP_EVERY, () => this.sweep().catch(() => undefined));
  }

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async sweep(): Promise<void> {
    const { kysely } = this.database;
    await kysely.deleteFrom('idempotency_key').where('expires_at', '<=', NOW).execute();
    await kysely.deleteFrom('customer_lease').where('held_until', '<=', NOW).execute();
    await kysely.deleteFrom('lease').where('held_until', '<=', NOW).execute();
  }
}
