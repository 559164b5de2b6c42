import { Reconciler } from '../../src/operations/reconciler.js';
import { letPass } from './passing-time.js';
import type { SkippingClock } from './skipping-clock.js';
import type { TestBff } from './start-bff.js';

/** Skips from look to look of the reconciler, each one done, until no operation is unknown. */
export async function skipLooks(bff: TestBff, clock: SkippingClock): Promise<void> {
  const reconciler = bff.app.get(Reconciler);
  await reconciler['poller'].idle;
  for (const ms of [1_001, 5_000, 30_000, 120_000, 600_000]) {
    await letPass(bff, clock, ms);
    await reconciler['poller'].idle;
    const unknown = bff.database.kysely.selectFrom('operation').select('id').where('state', '=', 'unknown');
    if ((await unknown.executeTakeFirst()) === undefined) return;
  }
}
