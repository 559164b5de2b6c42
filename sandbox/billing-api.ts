import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type BillingAnswer, failure } from './billing-answers.js';
import type { StoredCustomer } from './billing-customer.js';
import { answer, type FoundCustomer, foundCustomer } from './billing-routes.js';
import { type Activity, BillingState } from './billing-state.js';
import { type ApiToken, ApiTokens } from './billing-tokens.js';
import { HOST, listen } from './listen.js';

/** A tenant of the billing API: its tokens, its currencies, its customers. */
export interface BillingTenant {
  id: string;
  tokens: readonly ApiToken[];
  currencies: readonly string[];
  customers: readonly StoredCustomer[];
}

export interface BillingApiOptions {
  tenants: readonly BillingTenant[];
  /** 0, the default, picks a free port. */
  port?: number;
  /** File that keeps the state across restarts; without it the state is in memory only. */
  stateFile?: string;
  /** Maximum number of requests and activities in memory; unlimited by default. */
  keep?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** A received request; names of headers in lower case, the body as sent. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer, or none: `'reset'` cuts the connection, `'hang'` never answers. */
export type Outcome = BillingAnswer | 'reset' | 'hang';

/**
 * Intercepts a request: `serve()` carries it out (call it at most once) and returns the answer. The interceptor may
 * pass it on, replace or delay it, or lose it. `found` is the customer that the request is about, if there is one and
 * the token may use it.
 */
export type Intercept = (
  request: ReceivedRequest,
  serve: () => BillingAnswer,
  found: FoundCustomer | undefined,
) => Outcome | Promise<Outcome>;

/** The running stand-in of the billing API. */
export interface BillingApi {
  readonly url: string;
  /** Oldest first. */
  readonly requests: readonly ReceivedRequest[];
  readonly activities: readonly Activity[];
  /** Faults for tests; with `undefined` it behaves like the billing API. */
  intercept: Intercept | undefined;
  customer(tenant: string, idOrAlias: string): StoredCustomer | undefined;
  /** Adds or replaces a customer without a request and without an activity. */
  putCustomer(tenant: string, customer: StoredCustomer): void;
  addToken(tenant: string, token: ApiToken): void;
  /** The token may work for two more minutes (U15). */
  revokeToken(value: string): void;
  close(): Promise<void>;
}

/** Bodies over 1 MB are refused (U14). */
const BODY_LIMIT_BYTES = 1024 * 1024;

/** Longer than any client keeps an idle connection, so that closing a connection never races with a request. */
const KEEP_ALIVE_MS = 120_000;

/**
 * Starts a stateful stand-in of the billing API on 127.0.0.1: `GET` and `PATCH /api/v1/customers/{id_or_alias}` and
 * `GET /api/v1/customers`, with the behaviour U1–U18 of the real one (docs/upstream.md).
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
    // If a caller hangs up half-way, there is nothing to answer.
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
    const context = { tokens, state, currencies, now };
    const asked = {
      method: received.method,
      path: received.path,
      authorization: request.headers.authorization,
      contentType: request.headers['content-type'],
      body,
    };
    const serve = (): BillingAnswer => answer(context, asked);
    const outcome = await outcomeOf(
      () => api.intercept?.(received, serve, foundCustomer(context, asked)) ?? serve(),
    );
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

/** A bug, or a state file that can't be written, is answered with 500, as the real one would. */
async function outcomeOf(produce: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await produce();
  } catch (error) {
    console.error('The billing API stand-in failed:', error);
    return failure('INTERNAL_SERVER_ERROR', 'Internal server error');
  }
}

/**
 * The body, or `undefined` if it is over the limit. Then the rest is read and discarded, so that a client that is
 * still sending gets the answer and not a broken pipe.
 */
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
