/** Time as the service sees it; tests bring their own. */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;

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

  override after(ms: number, task: () => void): () => void {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  }
}
