import { HttpModule, HttpService } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { AuditModule } from '../audit/audit.module.js';
import { Clock } from '../runtime/clock.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { BillingClient } from './billing.client.js';
import { Bulkhead } from './bulkhead.js';
import { CircuitBreakers } from './circuit-breakers.js';
import { TokenFeedback } from './token-feedback.js';
import { BILLING_AGENT, keepOnlyAdapter, undiciAdapter } from './transport.js';

@Module({
  imports: [
    AuditModule,
    TenantsModule,
    HttpModule.registerAsync({
      inject: [BILLING_AGENT, Clock],
      useFactory: (agent: Dispatcher, clock: Clock) => ({ adapter: undiciAdapter(agent, clock) }),
    }),
  ],
  providers: [BillingClient, Bulkhead, CircuitBreakers, TokenFeedback],
  exports: [BillingClient, Bulkhead, CircuitBreakers],
})
export class BillingModule {
  constructor(http: HttpService) {
    keepOnlyAdapter(http.axiosRef);
  }
}
