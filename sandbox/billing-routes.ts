import { type BillingAnswer, empty, failure, json, plain } from './billing-answers.js';
import {
  customerAnswer,
  type CustomerPatch,
  patched,
  readCustomerPatch,
  type StoredCustomer,
} from './billing-customer.js';
import { customerList } from './billing-list.js';
import type { BillingState } from './billing-state.js';
import type { ApiTokens, TokenHolder } from './billing-tokens.js';
import { messageOf } from './fault.js';

/** One request, as the routes need it; `body` is `undefined` if it was over the limit. */
export interface BillingRequest {
  method: string;
  /** The request target, with its query. */
  path: string;
  authorization: string | undefined;
  contentType: string | undefined;
  body: Buffer | undefined;
}

/** The dependencies of the routes. */
export interface BillingContext {
  tokens: ApiTokens;
  state: BillingState;
  /** The currencies of each tenant (U17). */
  currencies: ReadonlyMap<string, readonly string[]>;
  now: () => number;
}

/** A customer, and the tenant that it belongs to. */
export interface FoundCustomer {
  tenant: string;
  customer: StoredCustomer;
}

/** The customer that a request is about, if there is one and the token may use it. */
export function foundCustomer(
  { tokens, state }: BillingContext,
  request: BillingRequest,
): FoundCustomer | undefined {
  const idOrAlias = decoded(segmentOf(request.path) ?? '');
  const tenant = tokens.holder(request.authorization)?.tenantId;
  if (idOrAlias === undefined || tenant === undefined) return undefined;
  const customer = state.find(tenant, idOrAlias);
  return customer === undefined ? undefined : { tenant, customer };
}

/** Answers one request. It is synchronous, so requests never interleave. */
export function answer(context: BillingContext, request: BillingRequest): BillingAnswer {
  const [path = '', query = ''] = request.path.split('?', 2);
  const segment = segmentOf(request.path);
  if (segment === undefined && path !== '/api/v1/customers') return empty(404);
  const holder = context.tokens.holder(request.authorization);
  if (holder === undefined) return failure('UNAUTHORIZED', 'Invalid API token');
  if (segment === undefined) return list(context, holder, request.method, query);
  const idOrAlias = decoded(segment);
  if (idOrAlias === undefined) return plain(400, 'Invalid URL: the customer id or alias is not valid');
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return read(context, holder, idOrAlias);
    case 'PATCH':
      return patch(context, holder, idOrAlias, request);
    default:
      return empty(405, { allow: 'GET,HEAD,PATCH' });
  }
}

function list(
  { state }: BillingContext,
  { tenantId }: TokenHolder,
  method: string,
  query: string,
): BillingAnswer {
  if (method !== 'GET' && method !== 'HEAD') return empty(405, { allow: 'GET,HEAD' });
  return customerList(state.all(tenantId), new URLSearchParams(query));
}

function read({ state }: BillingContext, { tenantId }: TokenHolder, idOrAlias: string): BillingAnswer {
  const customer = state.find(tenantId, idOrAlias);
  return customer === undefined ? customerNotFound() : json(200, customerAnswer(customer));
}

function patch(
  context: BillingContext,
  holder: TokenHolder,
  idOrAlias: string,
  request: BillingRequest,
): BillingAnswer {
  const asked = readBody(request);
  if ('refusal' in asked) return asked.refusal;
  const customer = context.state.find(holder.tenantId, idOrAlias);
  if (customer === undefined) return customerNotFound();
  const refusal = refusalOf(context, holder.tenantId, customer.id, asked.patch);
  if (refusal !== undefined) return refusal;
  const after = patched(customer, asked.patch);
  context.state.update(holder.tenantId, after, holder.tokenName, new Date(context.now()));
  return json(200, customerAnswer(after));
}

/** Checks that depend on the data. The owner of the invoicing entity is not checked (U7). */
function refusalOf(
  { currencies, state }: BillingContext,
  tenant: string,
  customerId: string,
  asked: CustomerPatch,
): BillingAnswer | undefined {
  if (asked.currency !== undefined && currencies.get(tenant)?.includes(asked.currency) !== true) {
    return failure('BAD_REQUEST', `Currency ${asked.currency} is not one of the tenant's currencies`);
  }
  if (asked.alias !== undefined && state.aliasTaken(tenant, asked.alias, customerId)) {
    return failure('CONFLICT', 'A customer with this alias already exists');
  }
  // The database's text columns can't store U+0000, and an error of the database is answered with 500 (U10).
  if (JSON.stringify(asked).includes('\\u0000'))
    return failure('INTERNAL_SERVER_ERROR', 'Internal server error');
  return undefined;
}

function readBody({
  contentType,
  body,
}: BillingRequest): { patch: CustomerPatch } | { refusal: BillingAnswer } {
  if (!/^application\/([\w.-]+\+)?json *(;|$)/i.test(contentType ?? '')) {
    return { refusal: plain(415, 'Expected request with `Content-Type: application/json`') };
  }
  if (body === undefined) {
    return { refusal: plain(413, 'Failed to buffer the request body: length limit exceeded') };
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    return { refusal: plain(400, `Failed to parse the request body as JSON: ${messageOf(error)}`) };
  }
  try {
    return { patch: readCustomerPatch(value) };
  } catch (error) {
    const reason = `Failed to deserialize the JSON body into the target type: ${messageOf(error)}`;
    return { refusal: plain(422, reason) };
  }
}

/** The id or alias in the path, as sent. */
function segmentOf(target: string): string | undefined {
  return /^\/api\/v1\/customers\/([^/?]+)\/?(\?|$)/.exec(target)?.[1];
}

/** The path refuses references that are empty, have white space or are not percent-encoded UTF-8 (U8). */
function decoded(segment: string): string | undefined {
  try {
    const idOrAlias = decodeURIComponent(segment);
    return /^\S+$/.test(idOrAlias) ? idOrAlias : undefined;
  } catch {
    return undefined;
  }
}

function customerNotFound(): BillingAnswer {
  return failure('NOT_FOUND', 'Customer not found');
}
