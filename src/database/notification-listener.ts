import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Database } from './database.js';
import { CHANNELS } from './notifications.js';

/** Milliseconds between two tries to listen again. */
const RECONNECT_EVERY = 1_000;
const CONNECT_TIMEOUT = 2_000;

/**
 * Hears what other instances notify (LISTEN), for all features on one connection of its own, which is opened again
 * when it breaks. Notifications in between are lost, so subscribers are told of every new connection.
 */
@Injectable()
export class NotificationListener implements OnModuleInit, OnModuleDestroy {
  private client: pg.Client | undefined;
  private cancelRetry: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The embedded database has one process and notifies it itself. */
  async onModuleInit(): Promise<void> {
    const { databaseUrl } = this.config;
    if (databaseUrl !== undefined) await this.listen(databaseUrl);
    else this.database.notifications.complete = true;
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.cancelRetry();
    await this.client?.end();
  }

  private async listen(connectionString: string): Promise<void> {
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      keepAlive: true,
      application_name: 'billing-bff listener',
    });
    const { notifications } = this.database;
    client.on('notification', ({ channel, payload }) => {
      if (payload !== undefined) notifications.hear(channel, payload);
    });
    client.on('error', (error) => {
      this.logger.warn({ error: describeError(error) }, 'the connection for notifications was lost');
    });
    client.on('end', () => {
      if (this.client === client) this.listenAgain(connectionString);
    });
    try {
      await client.connect();
      await client.query(
        Object.values(CHANNELS)
          .map((channel) => `listen ${channel}`)
          .join(';'),
      );
      this.client = client;
      notifications.complete = true;
      notifications.miss();
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'notifications are not available yet');
      void client.end().catch(() => undefined);
      this.listenAgain(connectionString);
    }
  }

  private listenAgain(connectionString: string): void {
    this.client = undefined;
    this.database.notifications.complete = false;
    if (this.stopped) return;
    this.cancelRetry();
    this.cancelRetry = this.clock.after(RECONNECT_EVERY, () => {
      if (!this.stopped) void this.listen(connectionString);
    });
  }
}
