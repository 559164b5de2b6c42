import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import pg from 'pg';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { describeError, LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Poller } from '../runtime/poller.js';
import { within } from '../runtime/within.js';
import { Database } from './database.js';
import { CHANNELS } from './notifications.js';

/** Milliseconds between two tries to listen again. */
const RECONNECT_EVERY = 1_000;
const CONNECT_TIMEOUT = 2_000;
/** Milliseconds between two checks that the server still answers, and for an answer. */
const CHECK_EVERY = 10_000;
const ANSWER_WITHIN = 5_000;

const LISTEN = Object.values(CHANNELS)
  .map((channel) => `listen ${channel}`)
  .join(';');

/**
 * Hears what other instances notify (LISTEN), for all features on one connection of its own, which is opened again
 * when it breaks. Notifications in between are lost, so subscribers are told of every new connection. Nothing is sent on
 * it otherwise, so it is asked for an answer now and then: to a server that is gone it would look open for hours.
 */
@Injectable()
export class NotificationListener implements OnModuleInit, OnModuleDestroy {
  private client: pg.Client | undefined;
  private cancelRetry: () => void = () => undefined;
  private stopped = false;
  private readonly poller: Poller;

  constructor(
    private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.poller = new Poller(clock, CHECK_EVERY, () => this.check());
  }

  /** The embedded database has one process and notifies it itself. */
  async onModuleInit(): Promise<void> {
    const { databaseUrl } = this.config;
    if (databaseUrl === undefined) {
      this.database.notifications.complete = true;
      return;
    }
    await this.listen(databaseUrl);
    this.poller.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.cancelRetry();
    await this.poller.stop();
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
      this.sayLost(error);
    });
    client.on('end', () => {
      if (this.client === client) this.listenAgain(connectionString);
    });
    try {
      await client.connect();
      await this.ask(client, LISTEN);
      this.client = client;
      notifications.complete = true;
      notifications.miss();
    } catch (error) {
      this.logger.warn({ error: describeError(error) }, 'notifications are not available yet');
      void client.end().catch(() => undefined);
      this.listenAgain(connectionString);
    }
  }

  /** A connection without an answer is ended, and so opened again. */
  private async check(): Promise<void> {
    const { client } = this;
    if (client === undefined) return;
    await this.ask(client, 'select 1').catch((error: unknown) => {
      this.sayLost(error);
      return client.end();
    });
  }

  private async ask(client: pg.Client, statement: string): Promise<void> {
    await within(this.clock, this.clock.monotonic() + ANSWER_WITHIN, client.query(statement));
  }

  private sayLost(error: unknown): void {
    this.logger.warn({ error: describeError(error) }, 'the connection for notifications was lost');
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
