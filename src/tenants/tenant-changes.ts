import { Inject, Injectable } from '@nestjs/common';
import pg from 'pg';
import type { Logger } from 'pino';
import { describeError, LOGGER } from '../http/logger.js';
import { Config } from '../config/config.js';
import { Clock } from '../runtime/clock.js';
import { TENANT_CHANGED } from './tenant-store.js';
import { TenantCache } from './tenant-cache.js';

/** Milliseconds between two tries to listen again. */
const RECONNECT_EVERY = 1_000;
const CONNECT_TIMEOUT = 2_000;

/**
 * Listens for tenants that other instances changed (LISTEN), on its own connection, which is opened again when it
 * breaks. Notifications in between are lost, so every new connection clears the cache.
 */
@Injectable()
export class TenantChanges {
  private client: pg.Client | undefined;
  private cancelRetry: () => void = () => undefined;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly cache: TenantCache,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The embedded database has one process, which updates its cache itself. */
  async onModuleInit(): Promise<void> {
    const { databaseUrl } = this.config;
    if (databaseUrl !== undefined) await this.listen(databaseUrl);
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
    client.on('notification', ({ payload }) => {
      if (payload !== undefined) this.cache.forget(payload);
    });
    client.on('error', (error) => {
      this.logger.warn(
        { error: describeError(error) },
        'the connection for notifications of changed tenants was lost',
      );
    });
    client.on('end', () => {
      if (this.client === client) this.listenAgain(connectionString);
    });
    try {
      await client.connect();
      await client.query(`listen ${TENANT_CHANGED}`);
      this.client = client;
      this.cache.forgetAll();
    } catch (error) {
      this.logger.warn(
        { error: describeError(error) },
        'notifications of changed tenants are not available yet',
      );
      void client.end().catch(() => undefined);
      this.listenAgain(connectionString);
    }
  }

  private listenAgain(connectionString: string): void {
    this.client = undefined;
    if (this.stopped) return;
    this.cancelRetry();
    this.cancelRetry = this.clock.after(RECONNECT_EVERY, () => {
      if (!this.stopped) void this.listen(connectionString);
    });
  }
}
