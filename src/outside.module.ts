import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Agent } from 'undici';
import { BILLING_AGENT, createAgent } from './billing/transport.js';
import { Database } from './database/database.js';

/** What leads out of the process. The rehearsal has stand-ins for it (`rehearsal-stand-ins.ts`). */
@Global()
@Module({
  providers: [Database, { provide: BILLING_AGENT, useFactory: createAgent }],
  exports: [Database, BILLING_AGENT],
})
export class OutsideModule implements OnApplicationShutdown {
  constructor(@Inject(BILLING_AGENT) private readonly agent: Agent) {}

  /** After the last answer. */
  async onApplicationShutdown(): Promise<void> {
    await this.agent.close();
  }
}
