import type { Clock } from './clock.js';

/** Runs a task repeatedly until it is stopped, with a pause after each run. */
export class Poller {
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  private cancel: () => void = () => undefined;

  /**
   * @param task handles its own failures: a rejection is a bug, which ends neither the polling nor the process
   * @param failed gets the error of such a rejection
   */
  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
    private readonly task: () => Promise<void>,
    private readonly failed: (error: unknown) => void = () => undefined,
  ) {}

  /** Whether the task should finish. */
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

  /** Resolves when a running task has finished. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.cancel();
    await this.running;
  }
}
