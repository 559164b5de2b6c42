import { setTimeout as sleep } from 'node:timers/promises';

/** A deadline passed. Callers report what they were waiting for. */
export class DeadlinePassed extends Error {}

/** The promise's result, unless the deadline passes or the signal aborts first. */
export async function within<T>(promise: Promise<T>, milliseconds: number, signal?: AbortSignal): Promise<T> {
  const done = new AbortController();
  const either = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const expired = sleep(milliseconds, undefined, { signal: either }).then(
    () => Promise.reject(new DeadlinePassed()),
    (error: unknown) => Promise.reject(signal?.aborted === true ? asError(signal.reason) : asError(error)),
  );
  try {
    return await Promise.race([promise, expired]);
  } finally {
    done.abort();
    expired.catch(() => undefined);
  }
}

export interface PollOptions {
  deadlineMs: number;
  everyMs: number;
  signal?: AbortSignal;
}

/** Repeats a question until there is an answer. */
export async function poll<T>(ask: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  const { deadlineMs, everyMs, signal } = options;
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await within(ask(), deadline - performance.now(), signal);
    if (answer !== undefined) return answer;
    if (performance.now() + everyMs > deadline) throw new DeadlinePassed();
    await within(sleep(everyMs), everyMs + 1_000, signal);
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
