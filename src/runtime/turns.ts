import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';

/**
 * Runs heavy work one slice at a time, first come, first served. After each slice everything else in the process gets
 * at least as much time as the slice took. So only callers with much work wait, and others do not wait for them.
 */
@Injectable()
export class Turns {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly clock: Clock) {}

  /** @param slice a few milliseconds of work */
  take<Result>(slice: () => Result): Promise<Result> {
    let tookMs = 0;
    const turn = this.last.then(() => {
      const began = this.clock.monotonic();
      try {
        return slice();
      } finally {
        tookMs = this.clock.monotonic() - began;
      }
    });
    const rest = (): Promise<void> => this.clock.sleep(tookMs);
    this.last = turn.then(rest, rest);
    return turn;
  }
}

/** A list in pieces of at most `size`. */
export function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
