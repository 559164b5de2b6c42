import type { Clock } from '../runtime/clock.js';
import { within } from '../runtime/within.js';

declare module 'fastify' {
  interface FastifyRequest {
    deadline: Deadline;
  }
}

/** The deadline of a request: for reading its body and for all work on it. */
export class Deadline {
  /** By the monotonic clock. */
  readonly at: number;

  constructor(
    private readonly clock: Clock,
    budgetMs: number,
  ) {
    this.at = clock.monotonic() + budgetMs;
  }

  /**
   * The result of `work`, if it is in time.
   * @throws OutOfTime; what `work` throws in time
   */
  within<Result>(work: Promise<Result>): Promise<Result> {
    return within(this.clock, this.at, work);
  }

  /** Runs `task` at the deadline. Returns a function that cancels it. */
  whenOver(task: () => void): () => void {
    return this.clock.after(Math.max(0, this.at - this.clock.monotonic()), task);
  }
}
