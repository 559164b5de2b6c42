import { Global, Module } from '@nestjs/common';
import { Database } from './database.js';
import { ExpiredRows } from './expired-rows.js';

@Global()
@Module({ providers: [Database, ExpiredRows], exports: [Database] })
export class DatabaseModule {}
