import { Module } from '@nestjs/common';
import { ExpiredRows } from './expired-rows.js';
import { NotificationListener } from './notification-listener.js';

@Module({ providers: [ExpiredRows, NotificationListener] })
export class DatabaseModule {}
