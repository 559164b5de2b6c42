import { HttpModule } from '@nestjs/axios';
import { Inject, Module } from '@nestjs/common';
import { Agent } from 'undici';
import { BillingClient } from './billing.client.js';
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
      inject: [AGENT],
      useFactory: (agent: Agent) => ({
        adapter: undiciAdapter(agent),
        // Bodies are JSON text already, and answers are parsed where they are read.
        transformRequest: [(data: unknown) => data],
        transformResponse: [(data: unknown) => data],
      }),
    }),
  ],
  providers: [BillingClient],
  exports: [BillingClient],
})
export class BillingModule {}
