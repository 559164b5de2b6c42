import { patchRaw } from './support/raw-request.js';
import { CUSTOMER } from './support/upstream.js';
import { ACME_TOKEN, CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };
const TRACE = '0af7651916cd43dd8448eb211c80319c';

/** What the contract lists, and what HTTP itself needs. */
const LISTED = [
  ...[
    'authorization',
    'content-type',
    'accept',
    'user-agent',
    'x-request-id',
    'traceparent',
    'idempotency-key',
  ],
  ...['host', 'connection', 'content-length'],
];

const HOSTILE: Record<string, string> = {
  Cookie: 'session=caller',
  'X-Api-Key': 'caller',
  'X-Forwarded-For': '10.0.0.1',
  'X-Forwarded-Host': 'evil.test',
  Forwarded: 'for=10.0.0.1;host=evil.test',
  'X-Http-Method-Override': 'DELETE',
  'X-Original-Url': '/admin',
  Accept: 'text/html',
  'Accept-Encoding': 'gzip, br',
  'Accept-Language': 'de',
  'User-Agent': 'caller/1',
  Referer: 'https://evil.test/',
  Origin: 'https://evil.test',
  'Idempotency-Key': 'caller-key',
  tracestate: 'caller=1',
  baggage: 'caller=1',
  Via: '1.1 evil',
  Te: 'trailers',
  'Proxy-Authorization': 'Basic Y2FsbGVy',
  'If-None-Match': '"caller"',
  Expect: '100-continue',
  Connection: 'keep-alive, X-Hop',
  'X-Hop': 'caller',
  'Content-Language': 'de',
  'X-Tenant-Id': 'acme',
};

describe('what the billing API is sent', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  it('comes over one connection while requests follow each other, whatever was answered', async () => {
    const { answer, connections } = bff.upstream;
    for (const status of [200, 400, 404, 409, 422, 429, 200]) {
      bff.upstream.answerWith(status, status === 200 ? CUSTOMER : { code: 'BAD_REQUEST', message: 'no' });
      await bff.patch({ name: `Acme ${status}` });
    }
    bff.upstream.answer = answer;
    expect(bff.upstream.methods).toEqual(Array.from({ length: 7 }, () => 'PATCH'));
    expect(bff.upstream.connections - connections).toBe(1);
  });

  it('is only what the BFF chooses, whatever the caller sends', async () => {
    const token = await bff.idp.token();
    const { status } = await patchRaw(bff.url, CUSTOMER_PATH, {
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        ...HOSTILE,
        Authorization: `Bearer ${token}`,
        traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
      },
      body: '{"name":"Acme"}',
    });

    expect(status).toBe(200);
    expect(bff.upstream.requests).toHaveLength(1);
    const [{ method, url, headers, text } = { method: '', url: '', headers: {}, text: '' }] =
      bff.upstream.requests;
    expect([method, url, text]).toEqual(['PATCH', CUSTOMER_PATH, '{"name":"Acme"}']);
    expect(Object.keys(headers).filter((name) => !LISTED.includes(name))).toEqual([]);
    expect(headers).toMatchObject({
      authorization: `Bearer ${ACME_TOKEN}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': expect.stringMatching(/^billing-bff\/\d+\.\d+\.\d+/) as unknown,
      'x-request-id': expect.stringMatching(/^[A-Za-z0-9._-]{1,128}$/) as unknown,
      traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`)) as unknown,
      host: new URL(bff.upstream.url).host,
    });
    expect(headers['traceparent']).not.toContain('b7ad6b7169203331');
    const sent = JSON.stringify(headers);
    expect(sent).not.toContain('caller');
    expect(sent).not.toContain('evil');
    expect(sent).not.toContain(token);
  });

  it('carries the operation’s id as Idempotency-Key and the caller’s request id', async () => {
    const answer = await bff.patch({ name: 'Acme' }, { 'X-Request-Id': 'req.7_-A' });

    expect(bff.upstream.requests[0]?.headers).toMatchObject({
      'idempotency-key': answer.headers.get('x-operation-id'),
      'x-request-id': 'req.7_-A',
    });
    expect(answer.headers.get('x-request-id')).toBe('req.7_-A');
  });

  it.each([
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-b7ad6b7169203331-01`,
  ])('belongs to a new trace when the caller’s traceparent is malformed: %p', async (traceparent) => {
    await bff.patch({ name: 'Acme' }, { traceparent });

    const sent = String(bff.upstream.requests[0]?.headers['traceparent']);
    expect(sent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/);
    expect(sent).not.toContain(TRACE);
  });

  it('is sent once, also when it fails', async () => {
    bff.upstream.answerWith(503, { message: 'Try again' });
    await bff.patch({ name: 'Acme' });
    bff.upstream.answer = (_request, response) => response.socket?.destroy();
    await bff.patch({ name: 'Acme' });

    // What became of it is looked at, each time.
    expect(bff.upstream.methods).toEqual(['PATCH', 'GET', 'PATCH', 'GET']);
  });

  it('is sent once more, the same, when the billing API asks to come back at once', async () => {
    bff.upstream.answerWith(429, { message: 'Try again' }, { 'Retry-After': '0' });
    const answer = await bff.patch({ name: 'Acme' });

    expect(answer).toMatchObject({
      status: 429,
      body: { type: 'urn:billing-bff:problem:rate-limited-by-billing', outcome: 'not_applied' },
    });
    const [first, second, ...others] = bff.upstream.patches;
    expect(others).toEqual([]);
    expect(second?.text).toBe(first?.text);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
  });
});
