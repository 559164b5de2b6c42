import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';

/** Milliseconds for which new connections may delay a slice. */
const MAX_DELAY = 250;

/**
 * Runs heavy work one slice at a time, first come, first served. After each slice everything else in the process gets
 * at least as much time as the slice took. So only callers with much work wait, and others do not wait for them.
 */
@Injectable()
export class Turns {
  private last: Promise<void> = Promise.resolve();
  private arrived = false;

  constructor(private readonly clock: Clock) {}

  /**
   * Lets a new connection go first. Node accepts one in each turn of the event loop: of many, the last would wait for as
   * many slices as there are connections.
   */
  giveWay(): void {
    this.arrived = true;
  }

  /** Converts a list in slices of at most `size` items, which should take a few milliseconds. */
  async map<Item, Result>(
    items: readonly Item[],
    size: number,
    convert: (item: Item) => Result,
  ): Promise<Result[]> {
    const results: Result[] = [];
    for (const slice of slices(items, size)) results.push(...(await this.take(() => slice.map(convert))));
    return results;
  }

  /** @param slice a few milliseconds of work */
  take<Result>(slice: () => Result): Promise<Result> {
    let tookMs = 0;
    const turn = this.last.then(async () => {
      await this.calm();
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

  /** Resolves after a turn of the event loop without a new connection, or after MAX_DELAY. */
  async calm(): Promise<void> {
    const until = this.clock.monotonic() + MAX_DELAY;
    while (this.arrived && this.clock.monotonic() < until) {
      this.arrived = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A list in pieces of at most `size`. */
export function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
