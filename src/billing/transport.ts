import { AxiosHeaders, type AxiosAdapter, type AxiosInstance } from 'axios';
import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../runtime/clock.js';
import type { WireAnswer } from './billing-answer.js';

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
    readonly headers: WireAnswer['headers'],
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

/** Injection token of the connections to billing APIs, shared by all tenants. */
export const BILLING_AGENT = Symbol('BillingAgent');

/** Connections to billing APIs, kept alive. Redirects are not followed, and nothing is sent twice. */
export function createAgent(): Agent {
  return new Agent({ connect: { timeout: CONNECT_TIMEOUT }, keepAliveTimeout: KEEP_ALIVE, pipelining: 1 });
}

/** A request as it is sent. */
export interface WireRequest {
  readonly method: 'GET' | 'PATCH';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

/**
 * Sends a request; resolves with any status. axios sees the request and the answer as opaque data: it would copy and
 * normalise the headers of each four times.
 * @throws NotSent; CutOff; TimedOut; after any other error the request may or may not have been received
 */
export async function sendWith(axios: AxiosInstance, request: WireRequest): Promise<WireAnswer> {
  const { data } = await axios.request<WireAnswer>({ data: new Sealed(request) });
  return data;
}

/** Not a plain object, so that axios does not copy what is in it. */
class Sealed {
  constructor(readonly request: WireRequest) {}
}

const NO_HEADERS = new AxiosHeaders();

/**
 * An axios adapter over undici's `dispatch`. It costs a fraction of the CPU of axios' own adapters, sends exactly the
 * given headers, and knows whether a failed request had been handed to a connection.
 */
export function undiciAdapter(agent: Dispatcher, clock: Clock): AxiosAdapter {
  return async (config) => {
    const data: unknown = config.data;
    if (!(data instanceof Sealed)) throw new TypeError('requests to billing APIs are sent by `sendWith`');
    const answer = await dispatch(agent, clock, data.request);
    return { data: answer, status: answer.status, statusText: '', headers: NO_HEADERS, config };
  };
}

/** Removes what axios would merge into every request, and nothing here uses. */
export function keepOnlyAdapter({ defaults }: AxiosInstance): void {
  for (const name of Object.keys(defaults)) if (name !== 'adapter') Reflect.deleteProperty(defaults, name);
}

function dispatch(agent: Dispatcher, clock: Clock, request: WireRequest): Promise<WireAnswer> {
  const { url, method, headers, body, timeout } = request;
  return new Promise((resolve, reject) => {
    const handler = new ResponseHandler(timeout, clock, resolve, reject);
    const options = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      body,
      // The time-out of the request limits every wait.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    agent.dispatch(options, handler);
  });
}

/** Handler of one request and its answer, called by undici. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private timedOut = false;
  private status = 0;
  private headers: WireAnswer['headers'] = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private readonly cancelTimeout: () => void;

  constructor(
    timeout: number,
    clock: Clock,
    private readonly resolve: (answer: WireAnswer) => void,
    private readonly reject: (error: Error) => void,
  ) {
    this.cancelTimeout = clock.after(timeout, () => {
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
    headers: WireAnswer['headers'],
  ): void {
    this.status = status;
    this.headers = headers;
    if (Number(headers['content-length'] ?? 0) > ANSWER_LIMIT) controller.abort(tooLong());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size > ANSWER_LIMIT) controller.abort(tooLong());
    else this.chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.cancelTimeout();
    const [only, ...others] = this.chunks;
    const bytes = only !== undefined && others.length === 0 ? only : Buffer.concat(this.chunks, this.size);
    const { status, headers } = this;
    this.resolve({ complete: true, status, headers, text: bytes.toString('utf8') });
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
