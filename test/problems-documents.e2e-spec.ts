import { exchange as exchangeBytes, type RawAnswer } from './support/raw-request.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

/** A body whose coding is what the test says. */
const CHUNKED = (coding: string): string =>
  `PATCH /nowhere HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: ${coding}\r\n\r\n`;

describe('a request that no route takes', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff();
  });
  afterAll(() => bff.stop());

  function expectProblem(
    { status, headers, body }: RawAnswer,
    slug: string,
    expectedStatus: number,
    code: string,
  ): void {
    expect([status, headers.get('content-type')]).toEqual([
      expectedStatus,
      expect.stringContaining('application/problem+json') as unknown,
    ]);
    const document = JSON.parse(body) as Record<string, unknown>;
    expect(document).toEqual({
      type: `urn:billing-bff:problem:${slug}`,
      title: expect.any(String) as unknown,
      status: expectedStatus,
      detail: expect.any(String) as unknown,
      instance: expect.any(String) as unknown,
      code,
      message: document['detail'],
      request_id: headers.get('x-request-id'),
    });
    expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    expect(headers.get('cache-control')).toBe('no-store');
  }

  it.each([
    'GET /nowhere',
    'GET /api',
    'GET /api/v1',
    'GET /API/V1/AUDIT-EVENTS',
    'GET /api/v1/audit-events/',
    'GET /api/v2/customers/acme',
    'POST /nowhere',
    'GET /favicon.ico',
    'GET /.env',
    'GET //health/live',
    'GET /health/../health/none',
    'GET /__proto__',
  ])('is a problem document: %s', async (line) => {
    expectProblem(await exchange(`${line} HTTP/1.1`), 'not-found', 404, 'NOT_FOUND');
  });

  it.each([
    'GET /%',
    'GET /%ZZ',
    'GET /api/v1/operations/%FF',
    'PATCH /api/v1/customers/%E0%A4%A',
    'GET /%C0%AF',
  ])('is a problem document when its URL is malformed: %s', async (line) => {
    expectProblem(await exchange(`${line} HTTP/1.1`), 'validation-failed', 400, 'BAD_REQUEST');
  });

  it.each([
    ['POST', CUSTOMER_PATH, ['GET', 'PATCH']],
    ['PUT', CUSTOMER_PATH, ['GET', 'PATCH']],
    ['DELETE', CUSTOMER_PATH, ['GET', 'PATCH']],
    ['TRACE', CUSTOMER_PATH, ['GET', 'PATCH']],
    ['PROPFIND', CUSTOMER_PATH, ['GET', 'PATCH']],
    ['PATCH', '/api/v1/customers', ['GET']],
    ['DELETE', '/api/v1/audit-events', ['GET']],
    ['PATCH', '/api/v1/operations/0', ['GET']],
    ['POST', '/health/live', ['GET']],
  ])(
    'is a problem document with Allow when the path takes another method: %s %s',
    async (method, path, allowed) => {
      const answer = await exchange(`${method} ${path} HTTP/1.1`);

      expectProblem(answer, 'method-not-allowed', 405, 'BAD_REQUEST');
      const allow = answer.headers.get('allow')?.split(/, */) ?? [];
      expect(allow).toEqual(expect.arrayContaining(allowed));
      expect(allow).not.toContain(method);
    },
  );

  it.each([
    ['no header that HTTP knows', 'GARBAGE\r\n\r\n', 400],
    ['a method that HTTP does not know', 'FETCH / HTTP/1.1\r\nHost: bff.test\r\n\r\n', 400],
    ['a header without name', 'GET / HTTP/1.1\r\nHost: bff.test\r\n: x\r\n\r\n', 400],
    [
      'a length twice',
      'PATCH / HTTP/1.1\r\nHost: bff.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'PATCH / HTTP/1.1\r\nHost: bff.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /nowhere HTTP/1.1\r\n\r\n', 400],
    ['two hosts', 'GET /nowhere HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n', 400],
    ['the same host twice', 'GET /nowhere HTTP/1.1\r\nHost: a.test\r\nhost: a.test\r\n\r\n', 400],
    ['two hosts in HTTP/1.0', 'GET /nowhere HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n', 400],
    ['a host that is none', 'GET /nowhere HTTP/1.1\r\nHost: a.test/b, c.test\r\n\r\n', 400],
    ['a coding beside chunked', `${CHUNKED('gzip, chunked')}0\r\n\r\n`, 400],
    ['a coding in a line of its own', `${CHUNKED('gzip\r\nTransfer-Encoding: chunked')}0\r\n\r\n`, 400],
    ['chunked twice', `${CHUNKED('chunked, chunked')}0\r\n\r\n`, 400],
    ['a coding without chunked', CHUNKED('gzip'), 400],
    ['identity', CHUNKED('identity'), 400],
    ['2,001 headers', `GET /nowhere HTTP/1.1\r\nHost: a.test\r\n${'a:\r\n'.repeat(2_000)}\r\n`, 400],
    ['CONNECT', 'CONNECT bff.test:443 HTTP/1.1\r\nHost: bff.test:443\r\n\r\n', 405],
    ['CONNECT with more behind it', 'CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n\u0001\u0002', 405],
    ['OPTIONS of the service itself', 'OPTIONS * HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n', 404],
    ['headers of 100 kB', `GET / HTTP/1.1\r\nHost: bff.test\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`, 400],
    ['a URL of 100 kB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: bff.test\r\n\r\n`, 400],
    [
      'an expectation that we ignore, as RFC 9110 allows',
      'GET /nowhere HTTP/1.1\r\nHost: bff.test\r\nExpect: wonders\r\nConnection: close\r\n\r\n',
      404,
    ],
  ])('is a problem document also when HTTP itself refuses it: %s', async (_what, bytes, status) => {
    const answer = await raw(bytes);

    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('application/problem+json') as unknown,
    ]);
    const document = JSON.parse(answer.body) as Record<string, unknown>;
    expect(document).toMatchObject({
      status,
      code: status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST',
      message: document['detail'],
    });
    expect(document['type']).toMatch(/^urn:billing-bff:problem:[a-z-]+$/);
    expect(answer.headers.get('x-request-id')).toBe(document['request_id']);
    expect(answer.body).not.toContain('aaaa');
  });

  it('is answered by HEAD and OPTIONS, too, without breaking', async () => {
    for (const [line, allowed] of [
      ['HEAD /api/v1/tenants/acme/token', 'PUT'],
      ['OPTIONS /api/v1/tenants/acme/token', 'PUT'],
      [`OPTIONS ${CUSTOMER_PATH}`, 'PATCH'],
    ]) {
      const answer = await exchange(`${line} HTTP/1.1`);
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toContain(allowed);
    }
    const closed = await exchange(`HEAD ${CUSTOMER_PATH} HTTP/1.1`);
    expect([closed.status, closed.body]).toEqual([401, '']);
  });

  const exchange = (line: string): Promise<RawAnswer> =>
    raw(`${line}\r\nHost: bff.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);

  async function raw(bytes: string): Promise<RawAnswer> {
    const [answer, ...others] = await exchangeBytes(bff.url, bytes);
    if (answer === undefined || others.length > 0) throw new Error(`${others.length} more answers`);
    return answer;
  }
});

describe('X-Request-Id', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff();
  });
  afterAll(() => bff.stop());

  const PATHS = ['/health/live', '/nowhere', '/api/v1/audit-events', '/openapi.json', '/api/v1/operations/%'];

  it.each(['a', 'Az09._-', '-', 'x'.repeat(128), '__proto__'])('is adopted: %s', async (id) => {
    for (const path of PATHS) {
      const answer = await bff.send('GET', path, undefined, { 'X-Request-Id': id });
      expect(answer.headers.get('x-request-id')).toBe(id);
    }
  });

  it.each([
    ['empty', ''],
    ['129 characters', 'x'.repeat(129)],
    ['a space', 'a b'],
    ['a comma', 'a, b'],
    ['a slash', 'a/b'],
    ['a quote', 'a"b'],
    ['markup', '<b>'],
    ['another letter', '\u00fc'],
  ])('is replaced: %s', async (_what, id) => {
    for (const path of PATHS) {
      const answer = await bff.send('GET', path, undefined, { 'X-Request-Id': id });
      expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
      expect(answer.headers.get('x-request-id')).not.toBe(id);
    }
  });

  it('is another one for every request that brings none', async () => {
    const answers = await Promise.all(PATHS.map((path) => bff.send('GET', path)));

    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(PATHS.length);
  });
});
