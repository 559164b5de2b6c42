import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { OperationsController } from './operations.controller.js';

@Module({ imports: [AuditModule], controllers: [OperationsController] })
export class OperationsModule {}
