import { AxiosHeaders, type AxiosAdapter, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../runtime/clock.js';

/** The request was not sent (refused, unresolved, TLS, connect time-out, no time left), so it was not received. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** No complete answer in time. The request may have been received. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** The answer began but is incomplete: too long, too late, or broken off. Its status is known. */
export class CutOff extends Error {
  override readonly name = 'CutOff';

  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    cause: Error,
  ) {
    super('the answer was cut off', { cause });
  }
}

/** The largest answer in bytes. A longer one is an error. */
export const ANSWER_LIMIT = 1024 * 1024;

/** Milliseconds to open a connection, including TLS. */
const CONNECT_TIMEOUT = 2_000;
/** Milliseconds that an idle connection is kept: less than billing servers and load balancers usually allow. */
const KEEP_ALIVE = 4_000;

/** Connections to billing APIs, kept alive. Redirects are not followed, and nothing is sent twice. */
export function createAgent(): Agent {
  return new Agent({ connect: { timeout: CONNECT_TIMEOUT }, keepAliveTimeout: KEEP_ALIVE, pipelining: 1 });
}

/**
 * An axios adapter over undici's `dispatch`. It costs a fraction of the CPU of axios' own adapters, sends exactly the
 * given headers, and knows whether a failed request had been handed to a connection. Resolves with any status; `data`
 * is the text of the answer. `timeout` limits the whole request, in milliseconds. A `signal` is not used, because
 * axios replaces our error by its own when the signal is aborted.
 * @throws NotSent; CutOff; TimedOut; after any other error the request may or may not have been received
 */
export function undiciAdapter(agent: Dispatcher, clock: Clock): AxiosAdapter {
  return (config) =>
    new Promise((resolve, reject) => {
      const url = new URL(config.url ?? '');
      const handler = new ResponseHandler(config, clock, resolve, reject);
      const request = {
        origin: url.origin,
        path: url.pathname + url.search,
        method: config.method?.toUpperCase() === 'PATCH' ? ('PATCH' as const) : ('GET' as const),
        headers: headersOf(config),
        body: typeof config.data === 'string' ? config.data : null,
        // The time-out of the request limits every wait.
        headersTimeout: 0,
        bodyTimeout: 0,
      };
      agent.dispatch(request, handler);
    });
}

/** Handler of one request and its answer, called by undici. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private timedOut = false;
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private readonly cancelTimeout: () => void;

  constructor(
    private readonly config: InternalAxiosRequestConfig,
    clock: Clock,
    private readonly resolve: (response: AxiosResponse<string>) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.cancelTimeout = clock.after(config.timeout ?? 0, () => {
      this.timeOut();
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.timedOut) controller.abort(new TimedOut('the time for it is over'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.status = status;
    this.headers = flattened(headers);
    if (Number(this.headers['content-length'] ?? 0) > ANSWER_LIMIT) controller.abort(tooLong());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > ANSWER_LIMIT) controller.abort(tooLong());
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.cancelTimeout();
    this.resolve({
      data: Buffer.concat(this.chunks, this.size).toString('utf8'),
      status: this.status,
      statusText: '',
      headers: AxiosHeaders.from(this.headers),
      config: this.config,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    this.cancelTimeout();
    if (this.controller === undefined) this.reject(new NotSent('the request was not sent', { cause: error }));
    else this.reject(this.status >= 200 ? new CutOff(this.status, this.headers, error) : error);
  }

  /** A request that still waits for a connection fails at once. undici drops it later. */
  private timeOut(): void {
    this.timedOut = true;
    if (this.controller === undefined) this.reject(new NotSent('no connection in time'));
    else this.controller.abort(new TimedOut('no complete answer in time'));
  }
}

function tooLong(): Error {
  return new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`);
}

function headersOf(config: InternalAxiosRequestConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]),
  );
}

function flattened(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name, [value ?? ''].flat().join(', ')] as const,
  );
  return Object.fromEntries(entries);
}
