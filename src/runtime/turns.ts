import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';

/** Milliseconds for which new connections may delay a slice. */
const MAX_DELAY = 250;
/** A turn of the event loop in which nothing else was done takes less, in milliseconds. */
const IDLE_TURN = 0.1;
/** So many of them one after the other: nothing else is to be done. */
const IDLE_TURNS = 3;
/** Milliseconds after a new connection in which more is to be expected. */
const EXPECTING = 1_000;

/**
 * Runs heavy work one slice at a time, first come, first served. After each slice everything else in the process gets
 * at least as much time as the slice took, if it needs it. So only callers with much work wait, and others do not wait for
 * them.
 */
@Injectable()
export class Turns {
  private last: Promise<void> = Promise.resolve();
  private arrived = false;
  private lastArrival = -Infinity;

  constructor(private readonly clock: Clock) {}

  /**
   * Lets a new connection go first. Node accepts one in each turn of the event loop: of many, the last would wait for as
   * many slices as there are connections.
   */
  giveWay(): void {
    this.arrived = true;
    this.lastArrival = this.clock.monotonic();
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
    const rest = (): Promise<void> => this.rest(tookMs);
    this.last = turn.then(rest, rest);
    return turn;
  }

  /** Resolves after a turn of the event loop without a new connection, or after MAX_DELAY. */
  async calm(): Promise<void> {
    const until = this.clock.monotonic() + MAX_DELAY;
    while (this.arrived && this.clock.monotonic() < until) {
      this.arrived = false;
      await nextTurn();
    }
  }

  private async rest(ms: number): Promise<void> {
    let now = this.clock.monotonic();
    if (now - this.lastArrival < EXPECTING) {
      await this.clock.sleep(ms);
      return;
    }
    const until = now + ms;
    for (let idle = 0; now < until && idle < IDLE_TURNS;) {
      const began = now;
      await nextTurn();
      now = this.clock.monotonic();
      idle = now - began < IDLE_TURN ? idle + 1 : 0;
    }
  }
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A list in pieces of at most `size`. */
export function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
