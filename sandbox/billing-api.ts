import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type BillingAnswer, failure } from './billing-answers.js';
import type { StoredCustomer } from './billing-customer.js';
import { answer } from './billing-routes.js';
import { type Activity, BillingState } from './billing-state.js';
import { type ApiToken, ApiTokens } from './billing-tokens.js';
import { HOST, listen } from './listen.js';

/** A tenant of the billing API: who may call, in which currencies it bills, whom it bills. */
export interface BillingTenant {
  id: string;
  tokens: readonly ApiToken[];
  currencies: readonly string[];
  customers: readonly StoredCustomer[];
}

export interface BillingApiOptions {
  tenants: readonly BillingTenant[];
  /** 0, the default, takes a free port. */
  port?: number;
  /** Where the state outlives a restart; without it the state lives in memory only. */
  stateFile?: string;
  /** How many requests and activities are remembered; all by default. */
  keep?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** A request as it arrived; names of headers in lower case, the body as sent. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * Stands between a request and its answer: `serve()` does what was asked (at most once is wise) and gives the
 * answer, which may be passed on, replaced, delayed, or lost by `'reset'` (the connection is cut) or `'hang'`
 * (nothing is ever answered).
 */
export type Intercept = (
  request: ReceivedRequest,
  serve: () => BillingAnswer,
) => BillingAnswer | 'reset' | 'hang' | Promise<BillingAnswer | 'reset' | 'hang'>;

/** The running stand-in of the billing API. */
export interface BillingApi {
  readonly url: string;
  /** Oldest first. */
  readonly requests: readonly ReceivedRequest[];
  readonly activities: readonly Activity[];
  /** Faults for tests; `undefined` behaves as the billing API does. */
  intercept: Intercept | undefined;
  customer(tenant: string, idOrAlias: string): StoredCustomer | undefined;
  /** Adds or replaces a customer behind every caller's back; leaves no activity. */
  putCustomer(tenant: string, customer: StoredCustomer): void;
  addToken(tenant: string, token: ApiToken): void;
  /** The token may work for two more minutes (U15). */
  revokeToken(value: string): void;
  close(): Promise<void>;
}

/** Bodies over 1 MB are refused (U14). */
const BODY_LIMIT_BYTES = 1024 * 1024;

/** Longer than any client keeps an idle connection, so that closing one never races with a request. */
const KEEP_ALIVE_MS = 120_000;

/**
 * Starts a stateful stand-in of the billing API on 127.0.0.1: `GET` and `PATCH /api/v1/customers/{id_or_alias}`
 * and `GET /api/v1/customers`, with the habits U1–U18 of the real one.
 */
export async function startBillingApi(options: BillingApiOptions): Promise<BillingApi> {
  const { tenants, port = 0, stateFile, keep = Infinity, now = Date.now } = options;
  const requests: ReceivedRequest[] = [];
  const tokens = new ApiTokens(now);
  const state = new BillingState({ file: stateFile, keepActivities: keep });
  const currencies = new Map(tenants.map((tenant) => [tenant.id, tenant.currencies]));
  for (const tenant of tenants) for (const token of tenant.tokens) tokens.add(tenant.id, token);
  state.load(new Map(tenants.map((tenant) => [tenant.id, tenant.customers])));

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // A caller that hangs up half-way has nothing to be answered.
    respond(request, response).catch(() => response.destroy());
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: body?.toString() ?? '',
    };
    requests.push(received);
    if (requests.length > keep) requests.shift();
    const serve = (): BillingAnswer =>
      answer(
        { tokens, state, currencies, now },
        {
          method: received.method,
          path: received.path,
          authorization: request.headers.authorization,
          contentType: request.headers['content-type'],
          body,
        },
      );
    const outcome = await outcomeOf(() => api.intercept?.(received, serve) ?? serve());
    if (outcome === 'hang') return;
    if (outcome === 'reset') response.destroy();
    else send(response, outcome);
  }

  const taken = await listen(server, port);
  const api: BillingApi = {
    url: `http://${HOST}:${taken}`,
    requests,
    activities: state.activities,
    intercept: undefined,
    customer: (tenant, idOrAlias) => state.find(tenant, idOrAlias),
    putCustomer: (tenant, customer) => {
      state.put(tenant, customer);
    },
    addToken: (tenant, token) => {
      tokens.add(tenant, token);
    },
    revokeToken: (value) => {
      tokens.revoke(value);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return api;
}

type Outcome = Awaited<ReturnType<Intercept>>;

/** A bug, or a state file that cannot be written, is the 500 that the real one would answer. */
async function outcomeOf(produce: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await produce();
  } catch (error) {
    console.error('The billing API stand-in failed:', error);
    return failure('INTERNAL_SERVER_ERROR', 'Internal server error');
  }
}

/** The body, or `undefined` when it is over the limit; the rest is then read and thrown away, so that a client that
 * is still sending gets the answer and not a broken pipe. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the body came decoded');
    size += chunk.length;
    if (size <= BODY_LIMIT_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= BODY_LIMIT_BYTES ? Buffer.concat(chunks) : undefined;
}

function send(response: ServerResponse, { status, headers, body }: BillingAnswer): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, 'content-length': length }).end(body);
}
