import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { TenantVault } from '../tenants/tenant-vault.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuditStore } from './audit-store.js';
import { AuditTrail } from './audit-trail.js';
import { AuditWriter } from './audit-writer.js';
import { Refusals } from './refusals.js';

@Module({
  imports: [TenantsModule],
  controllers: [AuditEventsController],
  providers: [
    {
      provide: AuditWriter,
      inject: [Database, Clock, Metrics, LOGGER],
      useFactory: (database: Database, clock: Clock, metrics: Metrics, logger: Logger) =>
        new AuditWriter(database, clock, metrics, logger),
    },
    {
      provide: AuditTrail,
      inject: [AuditWriter, Clock, Ids],
      useFactory: (writer: AuditWriter, clock: Clock, ids: Ids) => new AuditTrail(writer, clock, ids),
    },
    {
      provide: Refusals,
      inject: [AuditWriter, TenantVault, Clock, Ids, LOGGER],
      useFactory: (writer: AuditWriter, tenants: TenantVault, clock: Clock, ids: Ids, logger: Logger) =>
        new Refusals(writer, tenants, clock, ids, logger),
    },
    { provide: AuditStore, inject: [Database], useFactory: (database: Database) => new AuditStore(database) },
  ],
  exports: [AuditTrail, AuditStore, AuditWriter, Refusals],
})
export class AuditModule {
  constructor(
    private readonly refusals: Refusals,
    private readonly writer: AuditWriter,
  ) {}

  /** After the last answer and before the database closes. */
  async onApplicationShutdown(): Promise<void> {
    this.refusals.flush();
    await this.writer.close();
  }
}
