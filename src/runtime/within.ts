import type { Clock } from './clock.js';

/** The deadline passed. The work goes on, but its result is ignored. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/**
 * Resolves when `work` is finished, or at the deadline.
 * @throws what `work` throws in time
 */
export async function atMost(clock: Clock, deadline: number, work: Promise<unknown>): Promise<void> {
  try {
    await within(clock, deadline, work);
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
  }
}

/**
 * The result of `work`, if it is in time.
 * @param deadline by the monotonic clock
 * @throws OutOfTime; what `work` throws in time
 */
export function within<Result>(clock: Clock, deadline: number, work: Promise<Result>): Promise<Result> {
  if (deadline === Infinity) return work;
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, deadline - clock.monotonic()), () => {
      reject(new OutOfTime('the time for it is over'));
    });
    work.then(resolve, reject);
    work.then(cancel, cancel);
  });
}
