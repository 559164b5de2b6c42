import { Clock } from '../../src/runtime/clock.js';

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. Its two readings have nothing in common. */
export class ManualClock extends Clock {
  private time = 1_000;
  private ahead = Date.parse('2026-01-01T00:00:00Z') - this.time;
  private tasks: Task[] = [];

  override now(): number {
    return this.time + this.ahead;
  }

  override monotonic(): number {
    return this.time;
  }

  override after(ms: number, run: () => void): () => void {
    const task = { at: this.time + ms, run };
    this.tasks.push(task);
    return () => {
      this.tasks = this.tasks.filter((other) => other !== task);
    };
  }

  /** Sets the wall clock, forward or back; no time passes. */
  step(ms: number): void {
    this.ahead += ms;
  }

  /** Moves on, running what falls due in its order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.tasks = this.tasks.filter((task) => task !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}
