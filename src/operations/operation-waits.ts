import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { CHANNELS } from '../database/notifications.js';
import { Clock } from '../runtime/clock.js';

/** Requests that may wait on this instance: a quarter of its connections. */
const MAX_WAITS = 1_000;

/** A request that waits for the end of an operation. */
export interface Wait {
  /** Whether it waits no longer: its time is over, its caller has hung up, or the process stops. */
  readonly over: boolean;
  /** Resolves when the operation may have ended, or nothing is waited for any more. */
  next(): Promise<void>;
  end(): void;
}

/** The requests of this instance that wait for the end of operations, whichever instance ends them. */
@Injectable()
export class OperationWaits {
  private readonly waits = new Map<string, Set<PendingWait>>();
  private count = 0;
  private stopped = false;

  constructor(
    { notifications }: Database,
    private readonly clock: Clock,
  ) {
    notifications.subscribe(CHANNELS.operationEnded, {
      heard: (operationId) => {
        for (const wait of this.waits.get(operationId) ?? []) wait.wake();
      },
      missed: () => {
        for (const wait of this.all()) wait.wake();
      },
    });
  }

  /**
   * @param gone aborts when the caller hangs up
   * @returns undefined if no more requests may wait
   */
  begin(operationId: string, ms: number, gone: AbortSignal): Wait | undefined {
    if (this.stopped || this.count >= MAX_WAITS || gone.aborted) return undefined;
    const ofOperation = this.waits.get(operationId) ?? new Set();
    const finish = (): void => {
      wait.finish();
    };
    const cancel = this.clock.after(ms, finish);
    gone.addEventListener('abort', finish, { once: true });
    const wait = new PendingWait(() => {
      cancel();
      gone.removeEventListener('abort', finish);
      ofOperation.delete(wait);
      if (ofOperation.size === 0) this.waits.delete(operationId);
      this.count -= 1;
    });
    this.waits.set(operationId, ofOperation.add(wait));
    this.count += 1;
    return wait;
  }

  /** Ends all waits, and lets nobody wait any more: the process stops. */
  stop(): void {
    this.stopped = true;
    for (const wait of this.all()) wait.finish();
  }

  private all(): PendingWait[] {
    return [...this.waits.values()].flatMap((waits) => [...waits]);
  }
}

class PendingWait implements Wait {
  over = false;
  /** Whether it was woken and nobody has asked since. */
  private woken = false;
  private resolve: () => void = () => undefined;

  constructor(readonly end: () => void) {}

  async next(): Promise<void> {
    if (!this.woken && !this.over) await new Promise<void>((resolve) => (this.resolve = resolve));
    this.woken = false;
  }

  wake(): void {
    this.woken = true;
    this.resolve();
  }

  finish(): void {
    this.over = true;
    this.resolve();
  }
}
