import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Logger } from 'pino';
import { KeyRing } from '../crypto/key-ring.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';

/**
 * Reports at start which tenants' tokens need a key that is no longer in ENCRYPTION_KEYS. The other tenants are not
 * affected.
 */
@Injectable()
export class MissingKeys implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly ring: KeyRing,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    const kids = await this.database.kysely.selectFrom('tenant_token').select('kid').distinct().execute();
    const missing = kids.map(({ kid }) => kid).filter((kid) => !this.ring.has(kid));
    if (missing.length === 0) return;
    const rows = await this.database.kysely
      .selectFrom('tenant_token')
      .select(['tenant_id', 'version', 'kid'])
      .where('kid', 'in', missing)
      .where('retired_at', 'is', null)
      .orderBy('tenant_id')
      .execute();
    for (const { tenant_id, version, kid } of rows) {
      this.logger.error({ tenant_id, version, kid }, 'ENCRYPTION_KEYS has no key for this token');
    }
  }
}
