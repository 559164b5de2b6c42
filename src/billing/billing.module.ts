import { HttpModule } from '@nestjs/axios';
import { Inject, Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { Config } from '../config/config.js';
import { LOGGER } from '../http/logger.js';
import { Metrics } from '../metrics/metrics.js';
import { Clock } from '../runtime/clock.js';
import { Admission } from './admission.js';
import { BillingClient } from './billing.client.js';
import { Bulkhead } from './bulkhead.js';
import { createAgent, undiciAdapter } from './transport.js';

const AGENT = Symbol('Agent');

/** The connections to billing APIs, shared by all tenants and closed when the last answer is out. */
@Module({ providers: [{ provide: AGENT, useFactory: createAgent }], exports: [AGENT] })
class ConnectionsModule {
  constructor(@Inject(AGENT) private readonly agent: Agent) {}

  async onApplicationShutdown(): Promise<void> {
    await this.agent.close();
  }
}

@Module({
  imports: [
    HttpModule.registerAsync({
      imports: [ConnectionsModule],
      inject: [AGENT, Clock],
      useFactory: (agent: Agent, clock: Clock) => ({
        adapter: undiciAdapter(agent, clock),
        // Bodies are JSON text already, and answers are parsed where they are read.
        transformRequest: [(data: unknown) => data],
        transformResponse: [(data: unknown) => data],
      }),
    }),
  ],
  providers: [
    BillingClient,
    {
      provide: Admission,
      inject: [Metrics, LOGGER],
      useFactory: (metrics: Metrics, logger: Logger) => new Admission(metrics, logger),
    },
    {
      provide: Bulkhead,
      inject: [Config, Clock, Metrics, LOGGER],
      useFactory: ({ billing }: Config, clock: Clock, metrics: Metrics, logger: Logger) =>
        new Bulkhead(billing.maxInFlight, clock, metrics, logger),
    },
  ],
  exports: [BillingClient, Admission, Bulkhead],
})
export class BillingModule {}
