import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { CryptoModule } from './crypto/crypto.module.js';
import { CUSTOMER_KEYS } from './crypto/customer-key-table.js';
import { KeyRing } from './crypto/key-ring.js';
import { Reencryption } from './crypto/reencryption.js';
import { Database } from './database/database.js';
import { LOGGER } from './http/logger.js';
import { SIGNING_KEYS } from './sealing/signing-key-table.js';
import { TENANT_TOKENS } from './tenants/token-table.js';

/** Every table that holds something encrypted with ENCRYPTION_KEYS, for their rotation. */
const TABLES = [TENANT_TOKENS, CUSTOMER_KEYS, SIGNING_KEYS];

@Module({
  imports: [CryptoModule],
  providers: [
    {
      provide: Reencryption,
      inject: [Database, KeyRing, LOGGER],
      useFactory: (database: Database, ring: KeyRing, logger: Logger) =>
        new Reencryption(database, ring, TABLES, logger),
    },
  ],
})
export class ReencryptionModule {}
