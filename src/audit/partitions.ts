import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { fromNow } from '../database/database-time.js';
import { Database } from '../database/database.js';
import { describeError, errorLine, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';

const DAY = 24 * 60 * 60_000;
/** Milliseconds between two checks. */
const CHECK_EVERY = DAY / 4;
/** Months that have a partition ahead of time, the current one included. */
const MONTHS_AHEAD = 3;

/**
 * The monthly partitions of the trail. They are created ahead of time. A month is dropped as a whole when all of it
 * is older than AUDIT_RETENTION_DAYS and sealed. Leaves and seals stay, so the rest can still be verified.
 */
@Injectable()
export class Partitions {
  private readonly poller: Poller;

  constructor(
    private readonly database: Database,
    private readonly config: Config,
    private readonly clock: Clock,
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

  /** If a step fails, it is done at the next check; until then events go to the default partition. */
  private async look(): Promise<void> {
    for (const step of [() => this.make(), () => this.drop()]) {
      try {
        await step();
      } catch (error) {
        this.logger.warn(
          { error: describeError(error) },
          'the partitions of the trail could not be maintained',
        );
      }
    }
  }

  /** Uses the instance's clock, because the ids of its events begin with that time. */
  private async make(): Promise<void> {
    const now = new Date(this.clock.now());
    for (let ahead = 0; ahead < MONTHS_AHEAD; ahead += 1) {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      await sql`select audit_event_create_month(${month})`.execute(this.database.kysely);
    }
  }

  /** Uses the database's clock: an instance with a wrong clock must not destroy anything. */
  private async drop(): Promise<void> {
    const { auditRetentionDays } = this.config;
    if (auditRetentionDays === undefined) return;
    const before = fromNow(-auditRetentionDays * DAY);
    const { rows } = await sql<{ name: string }>`
      select audit_event_drop_months(${before}) as name`.execute(this.database.kysely);
    for (const { name } of rows) this.logger.info({ partition: name }, 'a month of the trail was dropped');
  }
}
