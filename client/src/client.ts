import createOpenApiClient from 'openapi-fetch';
import { isUnknownOutcome } from './problem.js';
import { type Failure, pauseFor, request, type Send, type Success } from './request.js';
import { DEFAULT_LIMITS, type RetryLimits } from './retries.js';
import type { components, operations, paths } from './schema.js';

export { isUnknownOutcome };
export type { AnsweredProblem, Fault, NoAnswer, Problem, UnknownOutcome } from './problem.js';
export type { Failure } from './request.js';
export type { RetryLimits } from './retries.js';
export type { components, operations, paths } from './schema.js';

type Schemas = components['schemas'];
export type Customer = Schemas['Customer'];
/**
 * Only the fields to change. There is no `null`: the billing API cannot clear a field. Codes may be any text, as a form
 * has it: the BFF checks them.
 */
export type CustomerPatch = Omit<
  Schemas['PatchCustomer'],
  'currency' | 'billing_address' | 'shipping_address'
> & {
  currency?: Code<Schemas['PatchCustomer']['currency']>;
  billing_address?: Address;
  shipping_address?: { same_as_billing: boolean; address?: Address };
};
type Address = Omit<Schemas['Address'], 'country'> & { country?: Code<Schemas['Address']['country']> };
/** The known codes, for completion, and any other text. */
type Code<Known> = NonNullable<Known> | (string & {});
export type CustomerPreview = Schemas['CustomerPreview'];
export type CustomerList = Schemas['CustomerList'];
export type CustomersQuery = NonNullable<operations['listCustomers']['parameters']['query']>;
export type Operation = Schemas['Operation'];
export type AuditEventPage = Schemas['AuditEventPage'];
export type AuditEventsQuery = NonNullable<operations['listAuditEvents']['parameters']['query']>;

export interface ClientOptions {
  /** Where the BFF is, such as `https://billing-bff.example.com`. */
  readonly baseUrl: string;
  /** The caller's access token. A function is asked before every request, and once more after a 401. */
  readonly token: string | (() => string | Promise<string>);
  /** Sent as `X-Tenant-Id`; only for callers with the scope `tenants:any`. */
  readonly tenant?: string;
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly retries?: Partial<RetryLimits>;
  /** How long to wait for one answer: 40 seconds. The BFF answers a patch within 15. */
  readonly timeoutMs?: number;
  /** Time and chance; tests have their own. */
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly random?: () => number;
}

/** `ok` tells the two apart. Nothing is thrown, except for an aborted `signal` and a fault of the program. */
export type Result<Data, Details = unknown> =
  ({ readonly ok: true; readonly data: Data } & Details) | Failure;

/** The customer's entity tag, for `ifMatch`. */
export interface Tagged {
  readonly etag: string | undefined;
}

export interface Patched extends Tagged {
  readonly operationId: string | undefined;
  /** Whether an earlier request with the same key was answered like this. */
  readonly replayed: boolean;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PreviewOptions extends ReadOptions {
  /** The customer has to be in this state, or the answer is 412. */
  readonly ifMatch?: string | undefined;
}

export interface PatchOptions extends PreviewOptions {
  /** Only to go on with a patch whose key you kept. Each call has a key of its own, which its repetitions share. */
  readonly idempotencyKey?: string | undefined;
  /** The operation that this patch undoes. */
  readonly reverts?: string | undefined;
}

export interface OperationOptions extends ReadOptions {
  /** Holds the answer until the status is final, at most so many seconds (0 to 30). */
  readonly waitS?: number;
}

export interface BillingBffClient {
  /** Changes the fields that are given. */
  patchCustomer(
    ref: string,
    patch: CustomerPatch,
    options?: PatchOptions,
  ): Promise<Result<Customer, Patched>>;
  /** What the same patch would do. Its `etag` as the patch's `ifMatch` makes sure that it does just that. */
  previewCustomer(
    ref: string,
    patch: CustomerPatch,
    options?: PreviewOptions,
  ): Promise<Result<CustomerPreview>>;
  getCustomer(ref: string, options?: ReadOptions): Promise<Result<Customer, Tagged>>;
  listCustomers(query?: CustomersQuery, options?: ReadOptions): Promise<Result<CustomerList>>;
  getOperation(id: string, options?: OperationOptions): Promise<Result<Operation>>;
  /** Asks until the operation's status is final. That may take ten minutes, or a day: `signal` ends it earlier. */
  waitForOutcome(operationId: string, options?: ReadOptions): Promise<Result<Operation>>;
  /** The tenant's audit trail, newest first. `next_cursor` of a page is the `cursor` of the next one. */
  listAuditEvents(query?: AuditEventsQuery, options?: ReadOptions): Promise<Result<AuditEventPage>>;
}

/** As long as the BFF holds an answer. */
const LONGEST_WAIT_S = 30;
const DEFAULT_TIMEOUT_MS = 40_000;
const BETWEEN_WAITS_MS = 1_000;

export function createClient(options: ClientOptions): BillingBffClient {
  const api = createOpenApiClient<paths, 'application/json'>({
    baseUrl: options.baseUrl,
    // Looked up for each request: a page may replace it.
    fetch: options.fetch ?? ((input) => fetch(input)),
    ...(options.tenant === undefined ? {} : { headers: { 'X-Tenant-Id': options.tenant } }),
  });
  const { pause = pauseFor, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const ask = <Data>(signal: AbortSignal | undefined, send: Send<Data>): Promise<Success<Data> | Failure> =>
    request(
      {
        token: options.token,
        limits: { ...DEFAULT_LIMITS, ...options.retries },
        timeoutMs,
        pause,
        random: options.random ?? Math.random,
      },
      signal,
      send,
    );

  const client: BillingBffClient = {
    async patchCustomer(ref, patch, { signal, ifMatch, idempotencyKey = newKey(), reverts } = {}) {
      // Repetitions send what the first attempt sent, whatever becomes of the object.
      const body = JSON.stringify(patch);
      const headers = { 'If-Match': ifMatch, 'X-Reverts-Operation': reverts };
      const params = { path: pathOf(ref), header: { ...given(headers), 'Idempotency-Key': idempotencyKey } };
      const answer = await ask(signal, (init) =>
        api.PATCH(CUSTOMER, { ...init, params, body: asDescribed(patch), bodySerializer: () => body }),
      );
      if (!answer.ok) return answer;
      const { data, response } = answer;
      return {
        ok: true,
        data,
        etag: header(response, 'ETag'),
        operationId: header(response, 'X-Operation-Id'),
        replayed: header(response, 'Idempotency-Replayed') === 'true',
      };
    },

    async previewCustomer(ref, patch, { signal, ifMatch } = {}) {
      const params = { path: pathOf(ref), header: given({ 'If-Match': ifMatch }) };
      return dataOf(
        await ask(signal, (init) => api.POST(PREVIEW, { ...init, params, body: asDescribed(patch) })),
      );
    },

    async getCustomer(ref, { signal } = {}) {
      const params = { path: pathOf(ref) };
      const answer = await ask(signal, (init) => api.GET(CUSTOMER, { ...init, params }));
      return answer.ok ? { ok: true, data: answer.data, etag: header(answer.response, 'ETag') } : answer;
    },

    async listCustomers(query = {}, { signal } = {}) {
      return dataOf(await ask(signal, (init) => api.GET(CUSTOMERS, { ...init, params: { query } })));
    },

    async getOperation(id, { signal, waitS } = {}) {
      const params = { path: { id }, query: waitS === undefined ? {} : { wait: waitS } };
      return dataOf(await ask(signal, (init) => api.GET('/api/v1/operations/{id}', { ...init, params })));
    },

    async waitForOutcome(operationId, { signal } = {}) {
      const waitS = Math.min(LONGEST_WAIT_S, Math.floor((timeoutMs * 0.75) / 1_000));
      for (;;) {
        const answer = await client.getOperation(operationId, { signal, waitS });
        if (!answer.ok || answer.data.final) return answer;
        // An instance that stops answers at once.
        await pause(BETWEEN_WAITS_MS, signal);
      }
    },

    async listAuditEvents(query = {}, { signal } = {}) {
      return dataOf(
        await ask(signal, (init) => api.GET('/api/v1/audit-events', { ...init, params: { query } })),
      );
    },
  };
  return client;
}

const CUSTOMERS = '/api/v1/customers';
const CUSTOMER = '/api/v1/customers/{id_or_alias}';
const PREVIEW = '/api/v1/customers/{id_or_alias}/preview';

function pathOf(ref: string): { id_or_alias: string } {
  // A URL would lead somewhere else.
  if (['', '.', '..'].includes(ref)) throw new TypeError(`not an id or alias of a customer: '${ref}'`);
  return { id_or_alias: ref };
}

/** Codes that no list has are for the BFF to refuse. */
function asDescribed(patch: CustomerPatch): Schemas['PatchCustomer'] {
  return patch as Schemas['PatchCustomer'];
}

function dataOf<Data>(answer: Success<Data> | Failure): Result<Data> {
  return answer.ok ? { ok: true, data: answer.data } : answer;
}

function given<Name extends string>(
  headers: Record<Name, string | undefined>,
): Partial<Record<Name, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Partial<
    Record<Name, string>
  >;
}

function header(response: Response, name: string): string | undefined {
  return response.headers.get(name) ?? undefined;
}

/** 128 random bits. `randomUUID` is missing on pages without https. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
