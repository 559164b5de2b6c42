import { Clock } from '../../src/runtime/clock.js';

interface Task {
  readonly at: number;
  readonly run: () => void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The system's clock, except that a test can skip time, and stop it: what falls due on the way runs at once, in its
 * order; while it is stopped, nothing falls due but what is skipped to.
 */
export class SkippingClock extends Clock {
  private skipped = 0;
  private stepped = 0;
  private stoppedAt: number | undefined;
  private readonly tasks = new Set<Task>();

  override now(): number {
    return Date.now() + this.skipped + this.stepped;
  }

  override monotonic(): number {
    return (this.stoppedAt ?? performance.now()) + this.skipped;
  }

  override after(ms: number, run: () => void): () => void {
    const task: Task = { at: this.monotonic() + ms, run, timer: undefined };
    this.tasks.add(task);
    if (this.stoppedAt === undefined) this.wait(task);
    return () => {
      clearTimeout(task.timer);
      this.tasks.delete(task);
    };
  }

  /** Stops the monotonic time. Returns a function that lets it go on from there. */
  stop(): () => void {
    this.stoppedAt = performance.now();
    for (const task of this.tasks) clearTimeout(task.timer);
    return () => {
      if (this.stoppedAt === undefined) return;
      this.skipped -= performance.now() - this.stoppedAt;
      this.stoppedAt = undefined;
      for (const task of this.tasks) this.wait(task);
    };
  }

  private wait(task: Task): void {
    task.timer = setTimeout(
      () => {
        this.start(task);
      },
      Math.max(0, task.at - this.monotonic()),
    );
    task.timer.unref();
  }

  /** Sets the wall clock, forward or back; no time passes. */
  step(ms: number): void {
    this.stepped += ms;
  }

  skip(ms: number): void {
    this.skipped += ms;
    const due = [...this.tasks].filter(({ at }) => at <= this.monotonic());
    for (const task of due.sort((one, other) => one.at - other.at)) this.start(task);
  }

  private start(task: Task): void {
    clearTimeout(task.timer);
    if (this.tasks.delete(task)) task.run();
  }
}
