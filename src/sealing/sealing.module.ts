import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { AuthModule } from '../auth/auth.module.js';
import { Config } from '../config/config.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { signingKey } from '../crypto/development-keys.js';
import { KeyRing } from '../crypto/key-ring.js';
import { Database } from '../database/database.js';
import { LOGGER } from '../http/logger.js';
import { Clock } from '../runtime/clock.js';
import { Ids } from '../runtime/ids.js';
import { SealSigner } from './seal-signer.js';
import { SealStore } from './seal-store.js';
import { Sealer } from './sealer.js';
import { SealsController } from './seals.controller.js';

@Module({
  imports: [AuthModule, CryptoModule],
  controllers: [SealsController],
  providers: [
    { provide: SealStore, inject: [Database], useFactory: (database: Database) => new SealStore(database) },
    {
      provide: SealSigner,
      inject: [Config, Database, KeyRing, Clock, LOGGER],
      useFactory: (config: Config, database: Database, ring: KeyRing, clock: Clock, logger: Logger) =>
        new SealSigner(signingKey(config), database, ring, clock, logger),
    },
    {
      provide: Sealer,
      inject: [Database, SealSigner, Clock, Ids, LOGGER],
      useFactory: (database: Database, signer: SealSigner, clock: Clock, ids: Ids, logger: Logger) =>
        new Sealer(database, signer, clock, ids, logger),
    },
  ],
  exports: [SealStore],
})
export class SealingModule {}
