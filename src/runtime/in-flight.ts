import { Injectable } from '@nestjs/common';

/**
 * Work that must finish before the process exits, even if no caller waits for it: a patch goes on after its caller
 * has hung up, and its outcome must be stored.
 */
@Injectable()
export class InFlight {
  private readonly works = new Set<Promise<unknown>>();

  /** Returns the work itself. */
  during<Result>(work: Promise<Result>): Promise<Result> {
    this.works.add(work);
    const over = (): void => void this.works.delete(work);
    work.then(over, over);
    return work;
  }

  /** Resolves when nothing is in flight any more, including work that began in the meantime. */
  async ended(): Promise<void> {
    while (this.works.size > 0) await Promise.allSettled(this.works);
  }
}
