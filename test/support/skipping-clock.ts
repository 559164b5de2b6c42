import { Clock } from '../../src/runtime/clock.js';

interface Task {
  readonly at: number;
  readonly run: () => void;
  readonly timer: NodeJS.Timeout;
}

/** The system's clock, except that a test can skip time: what falls due on the way runs at once, in its order. */
export class SkippingClock extends Clock {
  private skipped = 0;
  private stepped = 0;
  private readonly tasks = new Set<Task>();

  override now(): number {
    return Date.now() + this.skipped + this.stepped;
  }

  override monotonic(): number {
    return performance.now() + this.skipped;
  }

  override after(ms: number, run: () => void): () => void {
    const timer = setTimeout(() => {
      this.start(task);
    }, ms);
    timer.unref();
    const task = { at: this.monotonic() + ms, run, timer };
    this.tasks.add(task);
    return () => {
      clearTimeout(timer);
      this.tasks.delete(task);
    };
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
