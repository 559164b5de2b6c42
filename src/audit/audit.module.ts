import { type BeforeApplicationShutdown, Module } from '@nestjs/common';
import { AuditLogModule } from '../audit-log/audit-log.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AuditCursors } from './audit-cursors.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuditExport } from './audit-export.js';
import { AuditPages } from './audit-pages.js';
import { AuditQueries, AuditQueriesForReaders } from './audit-queries.js';
import { AuditReader } from './audit-reader.js';
import { AuditTrail } from './audit-trail.js';
import { AuditWriter } from './audit-writer.js';
import { ChangeValues } from './change-values.js';
import { CustomerAliases } from './customer-aliases.js';
import { Partitions } from './partitions.js';
import { Refusals } from './refusals.js';

@Module({
  imports: [CryptoModule, AuditLogModule, TenantsModule],
  controllers: [AuditEventsController],
  providers: [
    AuditWriter,
    AuditTrail,
    ChangeValues,
    CustomerAliases,
    Refusals,
    Partitions,
    AuditQueries,
    AuditQueriesForReaders,
    AuditPages,
    AuditReader,
    AuditExport,
    AuditCursors,
  ],
  exports: [
    AuditTrail,
    CustomerAliases,
    AuditQueries,
    AuditQueriesForReaders,
    AuditWriter,
    ChangeValues,
    Refusals,
  ],
})
export class AuditModule implements BeforeApplicationShutdown {
  constructor(
    private readonly refusals: Refusals,
    private readonly writer: AuditWriter,
  ) {}

  /** After every module that may still append, and before the database closes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.refusals.flush();
    await this.writer.close();
  }
}
