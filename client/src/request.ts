import { type Problem, noAnswer, problemIn } from './problem.js';
import { pauseBefore, repeatAfter, type RetryLimits } from './retries.js';

export interface Failure {
  readonly ok: false;
  readonly problem: Problem;
  /** The answer's `Retry-After`, in seconds. */
  readonly retryAfterS: number | undefined;
}

export interface Success<Data> {
  readonly ok: true;
  readonly data: Data;
  readonly response: Response;
}

export interface RequestOptions {
  readonly token: string | (() => string | Promise<string>);
  readonly limits: RetryLimits;
  readonly timeoutMs: number;
  readonly pause: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly random: () => number;
}

/** What openapi-fetch is given for one attempt, and what it returns. */
export type Send<Data> = (init: {
  readonly headers: { readonly Authorization: string };
  readonly signal: AbortSignal;
}) => Promise<{ data?: Data; error?: unknown; response: Response }>;

/**
 * One logical request: as many attempts as the rules allow.
 * @throws the reason of `signal`; what `token` throws
 */
export async function request<Data>(
  { token, limits, timeoutMs, pause, random }: RequestOptions,
  signal: AbortSignal | undefined,
  send: Send<Data>,
): Promise<Success<Data> | Failure> {
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    const value = typeof token === 'string' ? token : await token();
    const answer = await attemptOf(send, value, timeoutMs, signal);
    if (answer.ok) return answer;
    const repeat = repeatAfter(answer.problem);
    if (repeat === 'new-token' && !renewed && typeof token === 'function') {
      renewed = true;
      continue;
    }
    const pauseMs =
      repeat === 'repeat' ? pauseBefore(attempt, answer.retryAfterS, limits, random()) : undefined;
    if (pauseMs === undefined) return answer;
    await pause(pauseMs, signal);
  }
}

async function attemptOf<Data>(
  send: Send<Data>,
  token: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Success<Data> | Failure> {
  signal?.throwIfAborted();
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const { data, error, response } = await send({
      headers: { Authorization: `Bearer ${token}` },
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    });
    if (response.ok && data !== undefined) return { ok: true, data, response };
    const retryAfterS = secondsOf(response.headers.get('Retry-After'));
    return { ok: false, problem: problemIn(error) ?? noAnswer(response.status), retryAfterS };
  } catch (error) {
    signal?.throwIfAborted();
    // A page that says 200 is no JSON.
    const status = error instanceof SyntaxError ? 200 : 0;
    return { ok: false, problem: noAnswer(status, error), retryAfterS: undefined };
  }
}

/** The BFF says it in seconds; a gateway's date is left aside. */
function secondsOf(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
}

/** @throws the reason of `signal` */
export function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
