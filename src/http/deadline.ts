import type { Clock } from '../runtime/clock.js';
import { within } from '../runtime/within.js';

declare module 'fastify' {
  interface FastifyRequest {
    deadline: Deadline;
  }
}

/** When a request has to be over: reading its body, and everything that is done for it. */
export class Deadline {
  /** By the monotonic clock. */
  readonly at: number;

  constructor(
    private readonly clock: Clock,
    budgetMs: number,
  ) {
    this.at = clock.monotonic() + budgetMs;
  }

  /** What `work` comes to, if that is in time. @throws OutOfTime; what `work` throws in time */
  within<Result>(work: Promise<Result>): Promise<Result> {
    return within(this.clock, this.at, work);
  }

  /** Runs `task` when the time is over; the answer cancels it. */
  whenOver(task: () => void): () => void {
    return this.clock.after(Math.max(0, this.at - this.clock.monotonic()), task);
  }
}
