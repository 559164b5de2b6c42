import { HttpModule, HttpService } from '@nestjs/axios';
import { Inject, Module } from '@nestjs/common';
import { Agent } from 'undici';
import { AuditModule } from '../audit/audit.module.js';
import { Clock } from '../runtime/clock.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { BillingClient } from './billing.client.js';
import { Bulkhead } from './bulkhead.js';
import { CircuitBreakers } from './circuit-breakers.js';
import { TokenFeedback } from './token-feedback.js';
import { createAgent, keepOnlyAdapter, undiciAdapter } from './transport.js';

const AGENT = Symbol('Agent');

/** The connections to billing APIs, shared by all tenants, and closed after the last answer. */
@Module({ providers: [{ provide: AGENT, useFactory: createAgent }], exports: [AGENT] })
class ConnectionsModule {
  constructor(@Inject(AGENT) private readonly agent: Agent) {}

  async onApplicationShutdown(): Promise<void> {
    await this.agent.close();
  }
}

@Module({
  imports: [
    AuditModule,
    TenantsModule,
    HttpModule.registerAsync({
      imports: [ConnectionsModule],
      inject: [AGENT, Clock],
      useFactory: (agent: Agent, clock: Clock) => ({ adapter: undiciAdapter(agent, clock) }),
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
