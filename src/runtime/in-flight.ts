import { Injectable } from '@nestjs/common';

/**
 * Work that has to end before the process does, whoever still waits for it: a patch goes on when its caller has hung
 * up, and its outcome must be stored all the same.
 */
@Injectable()
export class InFlight {
  private readonly works = new Set<Promise<unknown>>();

  /** Answers the work itself. */
  during<Result>(work: Promise<Result>): Promise<Result> {
    this.works.add(work);
    const over = (): void => void this.works.delete(work);
    work.then(over, over);
    return work;
  }

  /** Resolves when nothing is in flight any more, what began meanwhile included. */
  async ended(): Promise<void> {
    while (this.works.size > 0) await Promise.allSettled(this.works);
  }
}
