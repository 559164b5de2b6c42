import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import type { Agent } from 'undici';
import { BillingClient } from './billing.client.js';
import { createAgent, undiciAdapter } from './transport.js';

const AGENT = Symbol('Agent');

@Module({
  imports: [
    HttpModule.registerAsync({
      extraProviders: [{ provide: AGENT, useFactory: createAgent }],
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
