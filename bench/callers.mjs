// Callers of the BFF, and what they make of its answers.
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two looks whether the billing API is back. */
export const POLL = 100;
/** Milliseconds that any one wait may take. */
const WAIT = 30_000;

/** Callers that ask again and again until they are told to stop; @returns what they were answered, and when. */
export function startCallers(count, send, pauseMs = 0) {
  const answers = [];
  let stopped = false;
  const caller = async () => {
    while (!stopped) {
      const { status, ms } = await send();
      answers.push({ status, ms, at: performance.now() });
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  const ended = Promise.all(Array.from({ length: count }, caller));
  // Whoever stops them hears of it.
  ended.catch(() => undefined);
  const stop = async () => {
    stopped = true;
    await ended;
    return answers;
  };
  return { answers, stop };
}

/** One every so many milliseconds, whether or not the one before was answered; @returns what all were answered. */
export async function steady(send, ms, every) {
  const answers = [];
  const began = performance.now();
  for (let n = 0; n * every < ms; n += 1) {
    await sleep(Math.max(0, began + n * every - performance.now()));
    answers.push(send());
  }
  return Promise.all(answers);
}

/** Milliseconds until the first patch that succeeds begins, and what it takes itself. */
export async function recoveryOf(send) {
  const began = performance.now();
  for (;;) {
    const after = performance.now() - began;
    const { status, ms } = await send();
    if (status === 200) return { after, ms };
    if (after > WAIT) throw new Error('the billing API is back and nobody noticed');
    await sleep(Math.max(0, POLL - ms));
  }
}

export async function untilRefused(send) {
  const deadline = Date.now() + WAIT;
  while (!isRefusal(await send())) if (Date.now() > deadline) throw new Error('no breaker opened');
}

/** By a breaker or bulkhead, as it is documented. */
export function isRefusal({ status, headers, text }) {
  if (status !== 503 || !/^[1-9]\d*$/.test(headers['retry-after'] ?? '')) return false;
  return JSON.parse(text).type === 'urn:billing-bff:problem:billing-unavailable';
}

export function expectOnly200(answers) {
  const other = answers.find(({ status }) => status !== 200);
  if (other !== undefined) throw new Error(`a patch was answered ${other.status} while all was well`);
}
