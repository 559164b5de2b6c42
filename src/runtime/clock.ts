/** Time as the service sees it; tests bring their own. */
export abstract class Clock {
  /** Milliseconds since the epoch, as the world tells the time: it may be set forward and back. For time stamps. */
  abstract now(): number;

  /** Milliseconds since an arbitrary moment: it only ever goes forward. For durations, deadlines and ages. */
  abstract monotonic(): number;

  /** Runs `task` once, `ms` milliseconds from now; the answer cancels it. Never keeps the process alive. */
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
