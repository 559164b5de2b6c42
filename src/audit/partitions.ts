import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';

/** Milliseconds between two checks. */
const CHECK_EVERY = 15 * 60_000;

/**
 * The monthly partitions of the trail, by functions of the tables' owner (database/audit-months.ts) and by the
 * database's clock: an instance with a wrong clock must not destroy anything. Months are made a year ahead. Events in the
 * default partition are moved into their month. A month is dropped as a whole when all of it is older than
 * AUDIT_RETENTION_DAYS and in its log.
 *
 * Each month is made and dropped on its own. What fails is done at a later check: a long reader, such as pg_dump, keeps a
 * lock that they need, and waiting for it would stop all patches.
 */
@Injectable()
export class Partitions implements OnModuleInit, OnModuleDestroy {
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const failed = errorLine(logger, 'seeing to the partitions failed unexpectedly');
    this.poller = new Poller(clock, CHECK_EVERY, () => this.look(), failed);
  }

  async onModuleInit(): Promise<void> {
    await this.look();
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.poller.stop();
  }

  private async look(): Promise<void> {
    await this.attempt({}, async () => {
      for (const month of await this.months('missing')) await this.make(month);
      this.metrics.auditPartitions((await this.months('missing')).length, await this.countInDefault());
      for (const month of await this.months('old')) await this.drop(month);
    });
  }

  private async make(month: Date): Promise<void> {
    await this.attempt({ partition: nameOf(month) }, async () => {
      await sql`select audit_event_create_month(${month})`.execute(this.database.kysely);
    });
  }

  private async drop(month: Date): Promise<void> {
    await this.attempt({ partition: nameOf(month) }, async () => {
      const { rows } = await sql<{ dropped: boolean }>`
        select audit_event_drop_month(${month}) as dropped`.execute(this.database.kysely);
      if (rows[0]?.dropped === true)
        this.logger.info({ partition: nameOf(month) }, 'a month of the trail was dropped');
    });
  }

  private async months(which: 'missing' | 'old'): Promise<Date[]> {
    const { rows } = await sql<{ month: Date }>`
      select month from ${sql.id(`audit_event_${which}_months`)}() as month`.execute(this.database.kysely);
    return rows.map(({ month }) => month);
  }

  private async countInDefault(): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select audit_event_in_default() as count`.execute(this.database.kysely);
    return rows[0]?.count ?? 0;
  }

  private async attempt(about: object, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.logger.warn(
        { ...about, error: describeError(error) },
        'the partitions of the trail could not be maintained; it is tried again later',
      );
    }
  }
}

function nameOf(month: Date): string {
  return `audit_event_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}
