import { sql } from 'kysely';
import { BillingClient } from '../src/billing/billing.client.js';
import { PROBLEMS } from '../src/http/problem.js';
import { ACME_TOKEN, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const SETTINGS = {
  CUSTOMER_PRE_READ: 'never',
  RATE_LIMIT_PER_MINUTE: '1000000',
  BILLING_API_TIMEOUT_MS: '300',
};
const PATCH = { name: 'Acme GmbH' };

interface Row {
  readonly status: number;
  readonly code: string;
  readonly cause: (bff: TestBff) => Promise<TestAnswer>;
  /** Of a patch that got past the checks. */
  readonly outcome?: string;
  readonly headers?: Record<string, RegExp>;
}

const as = async (bff: TestBff, claims: object): Promise<Record<string, string>> => ({
  Authorization: `Bearer ${await bff.idp.token({ ...claims })}`,
});
const answered =
  (status: number) =>
  (bff: TestBff): Promise<TestAnswer> => {
    bff.upstream.answerWith(status, { code: 'X', message: 'No' });
    return bff.patch(PATCH);
  };
const SECONDS = /^\d+$/;
const OPERATION = /^\/api\/v1\/operations\/[0-9a-f-]{36}$/;

/** The table of the interface, as far as its problems exist. */
const TABLE: Record<string, Row> = {
  'malformed-json': { status: 400, code: 'BAD_REQUEST', cause: (bff) => bff.patch('{') },
  'validation-failed': { status: 400, code: 'BAD_REQUEST', cause: (bff) => bff.patch({ nickname: 'x' }) },
  'rejected-by-billing': { status: 400, code: 'BAD_REQUEST', outcome: 'rejected', cause: answered(422) },
  unauthenticated: {
    status: 401,
    code: 'UNAUTHORIZED',
    headers: { 'www-authenticate': /^Bearer error="invalid_token"/ },
    cause: (bff) => bff.patch(PATCH, { Authorization: 'Bearer a.b.c' }),
  },
  'insufficient-scope': {
    status: 403,
    code: 'FORBIDDEN',
    cause: async (bff) => bff.patch(PATCH, await as(bff, { scope: 'audit:read' })),
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
  'customer-not-found': { status: 404, code: 'NOT_FOUND', outcome: 'rejected', cause: answered(404) },
  'method-not-allowed': {
    status: 405,
    code: 'BAD_REQUEST',
    headers: { allow: /PATCH/ },
    cause: (bff) => bff.send('POST', '/api/v1/customers/acme', PATCH),
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
  conflict: { status: 409, code: 'CONFLICT', outcome: 'rejected', cause: answered(409) },
  'precondition-failed': {
    status: 412,
    code: 'CONFLICT',
    cause: (bff) => bff.patch(PATCH, { 'If-Match': '"another"' }),
  },
  'rate-limited-by-billing': {
    status: 429,
    code: 'TOO_MANY_REQUESTS',
    outcome: 'not_applied',
    headers: { 'retry-after': SECONDS },
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
    cause: answered(500),
  },
  'audit-unavailable': {
    status: 503,
    code: 'INTERNAL_SERVER_ERROR',
    outcome: 'not_applied',
    headers: { 'retry-after': SECONDS },
    cause: async (bff) => {
      await sql`alter table audit_event rename to hidden_event`.execute(bff.database.kysely);
      try {
        return await bff.patch(PATCH);
      } finally {
        await sql`alter table hidden_event rename to audit_event`.execute(bff.database.kysely);
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
    cause: (bff) => {
      bff.upstream.answer = () => undefined;
      return bff.patch(PATCH);
    },
  },
};

/** Refusals after which the patch had been sent, or tried to be. */
const SENT = Object.entries(TABLE).flatMap(([slug, { outcome }]) =>
  outcome === undefined || slug === 'audit-unavailable' || slug === 'billing-unreachable' ? [] : [slug],
);

describe('a problem', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(async () => {
    await bff.forgetRejections();
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  it.each(Object.entries(TABLE))(
    'is answered as the table says: %s',
    async (slug, { status, code, cause, outcome, headers = {} }) => {
      const answer = await cause(bff);

      const body = answer.body as Record<string, unknown>;
      const operationId = answer.headers.get('x-operation-id');
      expect(body).toMatchObject({
        type: `urn:billing-bff:problem:${slug}`,
        title: expect.any(String) as unknown,
        status,
        detail: expect.any(String) as unknown,
        instance: expect.any(String) as unknown,
        code,
        message: body['detail'],
        request_id: answer.headers.get('x-request-id'),
      });
      expect(body['outcome']).toBe(outcome);
      if (outcome !== undefined) expect(body['operation_id']).toBe(operationId);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.has('location')).toBe(outcome === 'unknown');
      for (const [name, pattern] of Object.entries(headers))
        expect(answer.headers.get(name)).toMatch(pattern);
      expect(bff.upstream.requests).toHaveLength(SENT.includes(slug) ? 1 : 0);
      const leaks = [ACME_TOKEN, '127.0.0.1', 'localhost', 'node_modules', 'eyJ', 'hidden_event'];
      for (const leak of leaks) expect(JSON.stringify(body)).not.toContain(leak);
      expect(bff.logs()).not.toContain(ACME_TOKEN);
    },
  );
});

it('has a row in the table for every problem that there is', () => {
  expect(Object.keys(TABLE).sort()).toEqual(Object.keys(PROBLEMS).sort());
});
