import { Module } from '@nestjs/common';
import { ConsoleController } from './console.controller.js';

/** Only where the console is enabled. */
@Module({ controllers: [ConsoleController] })
export class ConsoleModule {}
