import { Module } from '@nestjs/common';
import { CryptoModule } from './crypto/crypto.module.js';
import { CUSTOMER_KEYS } from './crypto/customer-key-table.js';
import { ownKeysOf } from './crypto/own-key-tables.js';
import { ENCRYPTED_TABLES, Reencryption } from './crypto/reencryption.js';
import { placeOf as snapshotPlace } from './customers/patch-snapshot.js';
import { placeOf as answerPlace } from './idempotency/idempotency-keys.js';
import { TENANT_TOKENS } from './tenants/token-table.js';

/** All tables with values encrypted with ENCRYPTION_KEYS, for a rotation of the keys. */
const TABLES = [
  TENANT_TOKENS,
  CUSTOMER_KEYS,
  ownKeysOf('operation', snapshotPlace),
  ownKeysOf('idempotency_key', answerPlace),
];

@Module({
  imports: [CryptoModule],
  providers: [Reencryption, { provide: ENCRYPTED_TABLES, useValue: TABLES }],
})
export class ReencryptionModule {}
