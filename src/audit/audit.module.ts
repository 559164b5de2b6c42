import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Config } from '../config/config.js';
import { AppKeys } from '../crypto/app-keys.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { CustomerVault } from '../crypto/customer-vault.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { Turns } from '../runtime/turns.js';
import { InFlight } from '../runtime/in-flight.js';
import { SealStore } from '../sealing/seal-store.js';
import { SealingModule } from '../sealing/sealing.module.js';
import { TenantVault } from '../tenants/tenant-vault.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AuditCursors } from './audit-cursors.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuditExport } from './audit-export.js';
import { AuditReader } from './audit-reader.js';
import { AuditStore, AuditStoreForReaders } from './audit-store.js';
import { AuditTrail } from './audit-trail.js';
import { AuditWriter } from './audit-writer.js';
import { ClearValues } from './clear-values.js';
import { Partitions } from './partitions.js';
import { Refusals } from './refusals.js';

@Module({
  imports: [CryptoModule, SealingModule, TenantsModule],
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
      inject: [AuditWriter, ClearValues, Clock, Ids, InFlight],
      useFactory: (writer: AuditWriter, clear: ClearValues, clock: Clock, ids: Ids, inFlight: InFlight) =>
        new AuditTrail(writer, clear, clock, ids, inFlight),
    },
    {
      provide: ClearValues,
      inject: [CustomerVault, LOGGER],
      useFactory: (vault: CustomerVault, logger: Logger) => new ClearValues(vault, logger),
    },
    {
      provide: Refusals,
      inject: [AuditWriter, TenantVault, Clock, Ids, InFlight, LOGGER],
      useFactory: (
        writer: AuditWriter,
        tenants: TenantVault,
        clock: Clock,
        ids: Ids,
        inFlight: InFlight,
        logger: Logger,
      ) => new Refusals(writer, tenants, clock, ids, inFlight, logger),
    },
    {
      provide: Partitions,
      inject: [Database, Config, Clock, LOGGER],
      useFactory: (database: Database, { auditRetentionDays }: Config, clock: Clock, logger: Logger) =>
        new Partitions(database, auditRetentionDays, clock, logger),
    },
    {
      provide: AuditStore,
      inject: [Database],
      useFactory: ({ kysely }: Database) => new AuditStore(kysely),
    },
    {
      provide: AuditStoreForReaders,
      inject: [Database],
      useFactory: ({ readers }: Database) => new AuditStoreForReaders(readers),
    },
    {
      provide: AuditReader,
      inject: [Database, AuditStoreForReaders, SealStore, ClearValues, AuditTrail, AppKeys, Turns],
      useFactory: (
        database: Database,
        store: AuditStoreForReaders,
        seals: SealStore,
        clear: ClearValues,
        trail: AuditTrail,
        keys: AppKeys,
        turns: Turns,
      ) => {
        const exports = new AuditExport(database, store, seals, clear);
        return new AuditReader(store, exports, clear, trail, new AuditCursors(keys), turns);
      },
    },
  ],
  exports: [AuditTrail, AuditStore, AuditStoreForReaders, AuditWriter, Refusals],
})
export class AuditModule {
  constructor(
    private readonly refusals: Refusals,
    private readonly writer: AuditWriter,
  ) {}

  /** After all that may still append, and before the database closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.refusals.flush();
    await this.writer.close();
  }
}
