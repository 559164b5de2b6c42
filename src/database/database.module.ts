import { Module } from '@nestjs/common';
import { AbandonedHolds } from './abandoned-holds.js';
import { ExpiredRows } from './expired-rows.js';
import { NotificationListener } from './notification-listener.js';

@Module({ providers: [AbandonedHolds, ExpiredRows, NotificationListener], exports: [AbandonedHolds] })
export class DatabaseModule {}
