import { sql } from 'kysely';
import { BillingClient } from '../../src/billing/billing.client.js';
import { exchange } from './raw-request.js';
import { ACME_TOKEN, CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './start-bff.js';
import { answerOf } from './test-answer.js';
import { answerJson, CUSTOMER } from './upstream.js';

export const SETTINGS = {
  CUSTOMER_PRE_READ: 'never',
  RATE_LIMIT_PER_MINUTE: '1000000',
  BILLING_API_TIMEOUT_MS: '300',
  REQUEST_DEADLINE_MS: '3000',
  BILLING_API_ALLOWED_ORIGINS: 'https://elsewhere.test',
};
const PATCH = { name: 'Acme GmbH' };

export interface Row {
  readonly status: number;
  readonly code: string;
  readonly cause: (bff: TestBff) => Promise<TestAnswer>;
  /** Of a patch that got past the checks. */
  readonly outcome?: string;
  /** What the billing API was asked, by `cause`. */
  readonly asked?: readonly string[];
  readonly headers?: Record<string, RegExp>;
}

const as = async (bff: TestBff, claims: object): Promise<Record<string, string>> => ({
  Authorization: `Bearer ${await bff.idp.token({ ...claims })}`,
});
const answered =
  (status: number, message = 'No', patch: object = PATCH) =>
  (bff: TestBff): Promise<TestAnswer> => {
    bff.upstream.answerWith(status, { code: status === 404 ? 'NOT_FOUND' : 'X', message });
    return bff.patch(patch);
  };
const SECONDS = /^\d+$/;
const OPERATION = /^\/api\/v1\/operations\/[0-9a-f-]{36}$/;

/** The table of the interface, as far as its problems exist. */
export const TABLE: Record<string, Row> = {
  'malformed-json': { status: 400, code: 'BAD_REQUEST', cause: (bff) => bff.patch('{') },
  'validation-failed': {
    status: 400,
    code: 'BAD_REQUEST',
    cause: (bff) => bff.patch({ billing_address: { country: 'de' } }),
  },
  'rejected-by-billing': {
    status: 400,
    code: 'BAD_REQUEST',
    outcome: 'rejected',
    asked: ['PATCH'],
    cause: answered(422, 'Currency CHF is not enabled.', { currency: 'CHF' }),
  },
  unauthenticated: {
    status: 401,
    code: 'UNAUTHORIZED',
    headers: { 'www-authenticate': /^Bearer error="invalid_token"/ },
    cause: (bff) => bff.patch(PATCH, { Authorization: 'Bearer a.b.c' }),
  },
  'insufficient-scope': {
    status: 403,
    code: 'FORBIDDEN',
    cause: async (bff) =>
      bff.send('GET', '/api/v1/audit-events', undefined, await as(bff, { scope: 'customers:read' })),
  },
  'field-forbidden': {
    status: 403,
    code: 'FORBIDDEN',
    headers: { 'www-authenticate': /^Bearer error="insufficient_scope", scope="customers:write:contact"$/ },
    cause: async (bff) => bff.patch(PATCH, await as(bff, { scope: 'customers:write:tax' })),
  },
  'tenant-forbidden': {
    status: 403,
    code: 'FORBIDDEN',
    cause: (bff) => bff.patch(PATCH, { 'X-Tenant-Id': 'globex' }),
  },
  'tenant-unknown': {
    status: 403,
    code: 'FORBIDDEN',
    cause: async (bff) => bff.patch(PATCH, await as(bff, { tenant_id: 'hooli' })),
  },
  'tenant-suspended': {
    status: 403,
    code: 'FORBIDDEN',
    cause: async (bff) => bff.patch(PATCH, await as(bff, { tenant_id: 'initech' })),
  },
  'not-found': { status: 404, code: 'NOT_FOUND', cause: (bff) => bff.send('GET', '/nowhere') },
  'customer-not-found': {
    status: 404,
    code: 'NOT_FOUND',
    outcome: 'rejected',
    asked: ['PATCH'],
    cause: answered(404),
  },
  'method-not-allowed': {
    status: 405,
    code: 'BAD_REQUEST',
    headers: { allow: /PATCH/ },
    cause: (bff) => bff.send('POST', '/api/v1/customers/acme', PATCH),
  },
  'request-timeout': {
    status: 408,
    code: 'BAD_REQUEST',
    headers: { connection: /^close$/ },
    cause: async (bff) => {
      const { host } = new URL(bff.url);
      const { Authorization } = await as(bff, {});
      const head = `PATCH ${CUSTOMER_PATH} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${Authorization}\r\n`;
      const rest = 'Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"name"';
      const [answer] = await exchange(bff.url, `${head}${rest}`);
      if (answer === undefined) throw new Error('no answer');
      return answerOf(answer.status, answer.headers, answer.body);
    },
  },
  'payload-too-large': {
    status: 413,
    code: 'BAD_REQUEST',
    cause: (bff) => bff.patch({ name: 'a'.repeat(70_000) }),
  },
  'unsupported-media-type': {
    status: 415,
    code: 'BAD_REQUEST',
    cause: (bff) => bff.patch('name=a', { 'Content-Type': 'text/plain' }),
  },
  conflict: {
    status: 409,
    code: 'CONFLICT',
    outcome: 'rejected',
    asked: ['PATCH'],
    cause: answered(409, 'A customer with this alias already exists.', { alias: 'acme' }),
  },
  'not-sealed': {
    status: 409,
    code: 'CONFLICT',
    asked: ['PATCH'],
    headers: { 'retry-after': SECONDS },
    cause: async (bff) => {
      await bff.patch(PATCH);
      const id = String((await bff.events(1)).at(-1)?.['id']);
      return bff.send('GET', `/api/v1/audit-events/${id}/proof`);
    },
  },
  'tokens-would-retire': {
    status: 409,
    code: 'CONFLICT',
    cause: async (bff) => {
      const move = { billing_api_url: 'https://elsewhere.test' };
      return bff.send('PATCH', '/api/v1/tenants/acme', move, await as(bff, { scope: 'tenants:admin' }));
    },
  },
  'precondition-failed': {
    status: 412,
    code: 'CONFLICT',
    outcome: 'rejected',
    asked: ['GET'],
    cause: async (bff) => {
      const { headers } = await bff.send(
        'GET',
        CUSTOMER_PATH,
        undefined,
        await as(bff, { scope: 'customers:read' }),
      );
      bff.upstream.requests.length = 0;
      bff.upstream.answerWith(200, { ...CUSTOMER, phone: '+49 30 1' });
      return bff.patch(PATCH, { 'If-Match': String(headers.get('etag')) });
    },
  },
  'idempotency-in-flight': {
    status: 409,
    code: 'CONFLICT',
    asked: ['PATCH'],
    cause: async (bff) => {
      const key = { 'Idempotency-Key': 'in-flight' };
      let answer: () => void = () => undefined;
      const arrived = new Promise<void>((resolve) => {
        bff.upstream.answer = (_request, response) => {
          answer = (): void => {
            answerJson(response, 200, CUSTOMER);
          };
          resolve();
        };
      });
      const first = bff.patch(PATCH, key);
      await arrived;
      const second = await bff.patch(PATCH, key);
      answer();
      expect((await first).status).toBe(200);
      return second;
    },
  },
  'idempotency-key-reused': {
    status: 422,
    code: 'BAD_REQUEST',
    asked: ['PATCH'],
    cause: async (bff) => {
      const key = { 'Idempotency-Key': 'reused' };
      expect((await bff.patch(PATCH, key)).status).toBe(200);
      return bff.patch({ name: 'Another' }, key);
    },
  },
  'rate-limited': {
    status: 429,
    code: 'TOO_MANY_REQUESTS',
    headers: { 'retry-after': SECONDS },
    cause: async () => {
      const own = await startBff({ settings: { ...SETTINGS, RATE_LIMIT_PER_MINUTE: '1' } });
      try {
        expect((await own.send('GET', '/api/v1/audit-events')).status).toBe(200);
        return await own.patch(PATCH);
      } finally {
        await own.stop();
      }
    },
  },
  'rate-limited-by-billing': {
    status: 429,
    code: 'TOO_MANY_REQUESTS',
    outcome: 'not_applied',
    headers: { 'retry-after': SECONDS },
    asked: ['PATCH'],
    cause: answered(429),
  },
  internal: {
    status: 500,
    code: 'INTERNAL_SERVER_ERROR',
    cause: async (bff) => {
      const bug = new Error(`a bug with ${ACME_TOKEN} in its words`);
      const spy = jest
        .spyOn(bff.app.get(BillingClient, { strict: false }), 'patchCustomer')
        .mockRejectedValue(bug);
      try {
        return await bff.patch(PATCH);
      } finally {
        spy.mockRestore();
      }
    },
  },
  'billing-credentials-rejected': {
    status: 502,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'not_applied',
    asked: ['PATCH'],
    cause: answered(401),
  },
  'billing-unreachable': {
    status: 502,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'not_applied',
    cause: async (bff) => {
      await bff.upstream.stop();
      try {
        return await bff.patch(PATCH);
      } finally {
        await bff.upstream.listen();
      }
    },
  },
  'billing-failed': {
    status: 502,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'unknown',
    headers: { location: OPERATION },
    asked: ['PATCH', 'GET'],
    cause: answered(500),
  },
  'billing-unavailable': {
    status: 503,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'not_applied',
    headers: { 'retry-after': SECONDS },
    // A breaker that is open: nothing is sent.
    cause: async (bff) => {
      for (let failures = 0; failures < 10; failures += 2)
        expect(await answered(502)(bff)).toMatchObject({ status: 502, body: { outcome: 'unknown' } });
      bff.upstream.requests.length = 0;
      return bff.patch(PATCH);
    },
  },
  'audit-unavailable': {
    status: 503,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'not_applied',
    headers: { 'retry-after': SECONDS },
    cause: async (bff) => {
      await sql`alter table audit_record rename to hidden_record`.execute(bff.database.kysely);
      try {
        return await bff.patch(PATCH);
      } finally {
        await sql`alter table hidden_record rename to audit_record`.execute(bff.database.kysely);
      }
    },
  },
  'identity-provider-unavailable': {
    status: 503,
    code: 'INTERNAL_SERVER_ERROR',
    headers: { 'retry-after': SECONDS },
    // Keys that were loaded once are kept, so this takes a service that has none yet.
    cause: async () => {
      const own = await startBff({ settings: SETTINGS });
      try {
        await own.idp.stop();
        return await own.patch(PATCH);
      } finally {
        await own.stop();
      }
    },
  },
  'billing-timeout': {
    status: 504,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'unknown',
    headers: { location: OPERATION },
    asked: ['PATCH', 'GET'],
    cause: (bff) => {
      bff.upstream.answer = () => undefined;
      return bff.patch(PATCH);
    },
  },
};
