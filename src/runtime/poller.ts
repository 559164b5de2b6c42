import type { Clock } from './clock.js';

/** Runs a task again and again, so long after each time that it ended, until it is stopped. */
export class Poller {
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  private cancel: () => void = () => undefined;

  /**
   * @param task deals with its own failures: one that rejects is a bug, which ends neither the polling nor the process
   * @param failed is told of it
   */
  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
    private readonly task: () => Promise<void>,
    private readonly failed: (error: unknown) => void = () => undefined,
  ) {}

  /** Whether the task should come to its end. */
  get stopped(): boolean {
    return this.stopping;
  }

  /** Resolves when the task is not running. */
  get idle(): Promise<void> {
    return this.running;
  }

  start(): void {
    if (this.stopping) return;
    this.cancel = this.clock.after(this.everyMs, () => {
      this.running = this.task()
        .catch(this.failed)
        .then(() => {
          this.start();
        });
    });
  }

  /** Resolves when the task, should it be running, has ended. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.cancel();
    await this.running;
  }
}
