import type { Poller } from '../../src/runtime/poller.js';

/** Has a poller look at once instead of after its pause. Resolves when it has looked; one that was stopped does not. */
export async function lookNow(poller: Poller): Promise<void> {
  await poller.idle;
  if (poller.stopped) return;
  poller['cancel']();
  await poller['task']();
  poller.start();
}
