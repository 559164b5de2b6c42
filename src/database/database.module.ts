import { Global, Module } from '@nestjs/common';
import { Database } from './database.js';
import { ExpiredRows } from './expired-rows.js';
import { NotificationListener } from './notification-listener.js';

@Global()
@Module({ providers: [Database, ExpiredRows, NotificationListener], exports: [Database] })
export class DatabaseModule {}
