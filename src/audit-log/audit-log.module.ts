import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CryptoModule } from '../crypto/crypto.module.js';
import { AuditLogController } from './audit-log.controller.js';
import { LogAlarms } from './log-alarms.js';
import { LogKeys } from './log-keys.js';
import { LogLag } from './log-lag.js';
import { LogReader } from './log-reader.js';
import { LogStore } from './log-store.js';
import { RecentLeaves } from './recent-leaves.js';
import { Sequencer } from './sequencer.js';
import { WitnessClient } from './witness-client.js';
import { Witnesses } from './witnesses.js';

@Module({
  imports: [AuthModule, CryptoModule],
  controllers: [AuditLogController],
  providers: [
    LogKeys,
    LogStore,
    LogReader,
    LogAlarms,
    LogLag,
    RecentLeaves,
    Sequencer,
    WitnessClient,
    Witnesses,
  ],
  exports: [LogReader, LogKeys, LogAlarms, RecentLeaves],
})
export class AuditLogModule {}
