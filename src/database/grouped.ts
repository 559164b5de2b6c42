import { nextTurn } from '../runtime/turns.js';

/**
 * Runs one statement for all calls that wait: one at a time, so calls that come in the meantime share the next one and
 * its commit (group commit).
 */
export class Grouped<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private running = false;

  /**
   * @param run gets items with different keys, and resolves to their results in the same order
   * @param keyOf one statement can't have two items with the same key: the second is for the next one
   * @param limit items of one statement
   */
  constructor(
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly keyOf: (item: Item) => string,
    private readonly limit: number,
  ) {}

  /** @throws what `run` throws, for all items of its statement */
  call(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (!this.running) void this.runAll();
    });
  }

  private async runAll(): Promise<void> {
    this.running = true;
    // Calls of one turn of the event loop share a statement: the more, the busier the process is.
    await nextTurn();
    while (this.waiting.length > 0) {
      await this.runOnce(this.next());
      await nextTurn();
    }
    this.running = false;
  }

  private next(): readonly Waiting<Item, Result>[] {
    const taken = new Map<string, Waiting<Item, Result>>();
    const left: Waiting<Item, Result>[] = [];
    for (const call of this.waiting) {
      const key = this.keyOf(call.item);
      if (taken.has(key) || taken.size >= this.limit) left.push(call);
      else taken.set(key, call);
    }
    this.waiting = left;
    return [...taken.values()];
  }

  private async runOnce(calls: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.run(calls.map(({ item }) => item));
      for (const [n, result] of results.entries()) calls[n]?.resolve(result);
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
