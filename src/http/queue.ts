/** What a queue needs to know of an item, which is in one queue at a time. */
export interface Queued<Item extends Queued<Item>> {
  queue: Queue<Item> | undefined;
  before: Item | undefined;
  after: Item | undefined;
}

/**
 * Items in the order of arrival; any of them can leave at any time. Not a Set: V8 links each table of a Set to the one
 * that replaces it. Once one of them is in the old generation, everything that was ever in a later one survives until
 * that generation is collected.
 */
export class Queue<Item extends Queued<Item>> {
  private count = 0;
  private front: Item | undefined;
  private back: Item | undefined;

  get size(): number {
    return this.count;
  }

  /** The one that has waited longest. */
  get first(): Item | undefined {
    return this.front;
  }

  /** Adds an item at the end. It leaves the queue that it was in. */
  add(item: Item): void {
    item.queue?.delete(item);
    item.queue = this;
    item.before = this.back;
    if (this.back === undefined) this.front = item;
    else this.back.after = item;
    this.back = item;
    this.count += 1;
  }

  /** Nothing is left that leads from the item to others: a collector that meets it would keep them. */
  private delete(item: Item): void {
    if (item.before === undefined) this.front = item.after;
    else item.before.after = item.after;
    if (item.after === undefined) this.back = item.before;
    else item.after.before = item.before;
    item.queue = item.before = item.after = undefined;
    this.count -= 1;
  }

  /** Takes an item out of the queue that it is in, if it is in one. */
  static leave<Item extends Queued<Item>>(item: Item): void {
    item.queue?.delete(item);
  }

  /** An item may leave while it is visited, but not the one behind it. */
  *[Symbol.iterator](): Iterator<Item> {
    for (let item = this.front; item !== undefined;) {
      const { after } = item;
      yield item;
      item = after;
    }
  }
}
