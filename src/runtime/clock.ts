/** The service's time; tests replace it. */
export abstract class Clock {
  /** Milliseconds since the epoch, by the wall clock, which can be set forward and back. For time stamps. */
  abstract now(): number;

  /** Milliseconds since an arbitrary moment; never goes back. For durations, deadlines and ages. */
  abstract monotonic(): number;

  /**
   * Runs `task` once, `ms` milliseconds from now. Returns a function that cancels it. Never keeps the process alive.
   */
  abstract after(ms: number, task: () => void): () => void;

  /** Resolves `ms` milliseconds from now. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }
}

export class SystemClock extends Clock {
  override now(): number {
    return Date.now();
  }

  override monotonic(): number {
    return performance.now();
  }

  override after(ms: number, task: () => void): () => void {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  }
}
