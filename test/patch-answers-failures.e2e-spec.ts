import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import {
  ACME_TOKEN,
  startBff,
  type StoredEvent,
  type TestAnswer,
  type TestBff,
} from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };
const TIMEOUT = 400;
/** Stands in every upstream body: must reach nobody unless the contract says so. */
const MARK = 'UPSTREAM-MARK';
const MEBIBYTE = 1024 * 1024;

const jsonError = (status: number, code: string): [number, object] => [
  status,
  { code, message: `${MARK} of ${status}` },
];

interface Ending {
  readonly status: number;
  readonly slug: string;
  readonly code: string;
  readonly outcome: string;
  readonly upstreamStatus: number | null;
}

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
const HTML = { 'Content-Type': 'text/html' };

const UNCLEAR = {
  status: 502,
  slug: 'billing-failed',
  code: 'INTERNAL_SERVER_ERROR',
  outcome: 'unknown',
} as const;

describe('an answer of the billing API that is no customer', () => {
  let bff: TestBff;
  let seen = 0;
  beforeAll(async () => {
    bff = await startBff({ settings: { ...SETTINGS, BILLING_API_TIMEOUT_MS: '10000' } });
  });
  beforeEach(async () => {
    await bff.forgetFailures();
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  const REFUSALS: [
    answered: string,
    [number, unknown],
    Record<string, string>,
    Omit<Ending, 'upstreamStatus'>,
  ][] = [
    ['400', jsonError(400, 'BAD_REQUEST'), {}, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['422', jsonError(422, 'BAD_REQUEST'), {}, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['400 in text', [400, `${MARK} in text`], TEXT, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['415 in text', [415, `${MARK} in text`], TEXT, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['422 in text', [422, `${MARK} in text`], TEXT, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['422 without body', [422, ''], {}, rejected(400, 'rejected-by-billing', 'BAD_REQUEST')],
    ['404', jsonError(404, 'NOT_FOUND'), {}, rejected(404, 'customer-not-found', 'NOT_FOUND')],
    ['404 in HTML', [404, `<h1>${MARK}</h1>`], HTML, notApplied(502, 'billing-failed')],
    ['404 of another kind', [404, { message: MARK }], {}, notApplied(502, 'billing-failed')],
    ['409', jsonError(409, 'CONFLICT'), {}, rejected(409, 'conflict', 'CONFLICT')],
    ['409 in text', [409, MARK], TEXT, rejected(409, 'conflict', 'CONFLICT')],
    ['401', jsonError(401, 'UNAUTHORIZED'), {}, notApplied(502, 'billing-credentials-rejected')],
    ['403', jsonError(403, 'FORBIDDEN'), {}, notApplied(502, 'billing-credentials-rejected')],
    ['401 in text', [401, MARK], TEXT, notApplied(502, 'billing-credentials-rejected')],
    [
      '429',
      jsonError(429, 'TOO_MANY_REQUESTS'),
      {},
      notApplied(429, 'rate-limited-by-billing', 'TOO_MANY_REQUESTS'),
    ],
    ['429 in text', [429, MARK], TEXT, notApplied(429, 'rate-limited-by-billing', 'TOO_MANY_REQUESTS')],
  ];

  it.each(REFUSALS)('is a refusal when it is %s', async (_what, [status, body], headers, ending) => {
    bff.upstream.answerWith(status, body, headers);
    await expectEnding({ ...ending, upstreamStatus: status });
  });

  const FAILURES = [500, 501, 502, 503, 504, 507, 520, 599].flatMap(
    (status): [string, [number, unknown], object][] => [
      [`${status}`, jsonError(status, 'INTERNAL_SERVER_ERROR'), {}],
      [`${status} in HTML`, [status, `<html>${MARK}</html>`], HTML],
      [`${status} without body`, [status, ''], {}],
    ],
  );
  it.each(FAILURES)('leaves the end unknown when it is %s', async (_what, [status, body], headers) => {
    bff.upstream.answerWith(status, body, headers as Record<string, string>);
    await expectEnding({ ...UNCLEAR, upstreamStatus: status });
  });

  it.each([402, 405, 406, 408, 410, 411, 412, 413, 414, 418, 421, 423, 425, 426, 428, 431, 451, 499])(
    'leaves the end unknown when it is a status that nobody documented: %d',
    async (status) => {
      bff.upstream.answerWith(status, { code: 'BAD_REQUEST', message: MARK });
      await expectEnding({ ...UNCLEAR, upstreamStatus: status });
    },
  );

  it.each([201, 202, 203, 206, 226])(
    'leaves the end unknown when a customer comes with a status that nobody documented: %d',
    async (status) => {
      bff.upstream.answerWith(status, CUSTOMER);
      await expectEnding({ ...UNCLEAR, upstreamStatus: status });
    },
  );

  it.each([204, 205, 304])('leaves the end unknown when it has no content: %d', async (status) => {
    bff.upstream.answer = (_request, response) => {
      response.writeHead(status).end();
    };
    await expectEnding({ ...UNCLEAR, upstreamStatus: status });
  });

  it.each([300, 301, 302, 303, 307, 308])('is not followed when it redirects: %d', async (status) => {
    bff.upstream.answerWith(status, CUSTOMER, { Location: `${bff.upstream.url}/api/v1/customers/other` });
    await expectEnding({ ...UNCLEAR, upstreamStatus: status });
  });

  const tax = { name: 'a', tax_code: 'b', rate: 1 };
  const SHAPES: [string, unknown][] = [
    ['nothing', ''],
    ['white space', ' \n'],
    ['HTML', `<!doctype html><title>${MARK}</title>`],
    ['JSON cut off', JSON.stringify(CUSTOMER).slice(0, -1)],
    ['JSON and more', `${JSON.stringify(CUSTOMER)}${JSON.stringify(CUSTOMER)}`],
    ['null', 'null'],
    ['a list', []],
    ['a list of a customer', [CUSTOMER]],
    ['text', '"cus_1"'],
    ['a number', '200'],
    ['true', 'true'],
    ['an empty object', {}],
    ['an error', { code: 'INTERNAL_SERVER_ERROR', message: MARK }],
    ['a customer in an envelope', { data: CUSTOMER }],
    ['nesting without end', '['.repeat(200_000)],
    ['deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
    ['a deep member', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['a deep tax', `{"custom_taxes":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['no id', { ...CUSTOMER, id: undefined }],
    ['null as id', { ...CUSTOMER, id: null }],
    ['an id that is none', { ...CUSTOMER, id: '../admin' }],
    ['an id with a header in it', { ...CUSTOMER, id: 'cus_1\r\nX-Injected: 1' }],
    ['an id that is too long', { ...CUSTOMER, id: `cus_${'1'.repeat(23)}` }],
    ['a list as id', { ...CUSTOMER, id: [CUSTOMER.id] }],
    ['no name', { ...CUSTOMER, name: undefined }],
    ['null as name', { ...CUSTOMER, name: null }],
    ['a number as name', { ...CUSTOMER, name: 1 }],
    ['an object as alias', { ...CUSTOMER, alias: {} }],
    ['no currency', { ...CUSTOMER, currency: undefined }],
    ['no invoicing entity', { ...CUSTOMER, invoicing_entity_id: undefined }],
    ['no list of e-mail addresses', { ...CUSTOMER, invoicing_emails: undefined }],
    ['text as list of e-mail addresses', { ...CUSTOMER, invoicing_emails: 'a@acme.test' }],
    ['a number as e-mail address', { ...CUSTOMER, invoicing_emails: [1] }],
    ['null as e-mail address', { ...CUSTOMER, invoicing_emails: [null] }],
    ['no taxes', { ...CUSTOMER, custom_taxes: undefined }],
    ['an object as taxes', { ...CUSTOMER, custom_taxes: { 0: tax } }],
    ['null as tax', { ...CUSTOMER, custom_taxes: [null] }],
    ['a list as tax', { ...CUSTOMER, custom_taxes: [[tax]] }],
    ['text as tax', { ...CUSTOMER, custom_taxes: ['a'] }],
    ['a tax without rate', { ...CUSTOMER, custom_taxes: [{ name: 'a', tax_code: 'b' }] }],
    ['null as rate', { ...CUSTOMER, custom_taxes: [{ ...tax, rate: null }] }],
    ['an object as rate', { ...CUSTOMER, custom_taxes: [{ ...tax, rate: {} }] }],
    [
      'a rate that no float holds',
      JSON.stringify({ ...CUSTOMER, custom_taxes: [tax] }).replace('"rate":1', '"rate":1e999'),
    ],
    ['text as address', { ...CUSTOMER, billing_address: 'Main Street 1' }],
    ['a list as address', { ...CUSTOMER, billing_address: [] }],
    ['a list of an address', { ...CUSTOMER, billing_address: [{ city: 'a' }] }],
    ['a number as line of an address', { ...CUSTOMER, billing_address: { line1: 1 } }],
    ['an object as line of an address', { ...CUSTOMER, billing_address: { city: {} } }],
    ['an empty shipping address', { ...CUSTOMER, shipping_address: {} }],
    ['text as same_as_billing', { ...CUSTOMER, shipping_address: { same_as_billing: 'true' } }],
    [
      'text as address of a shipping address',
      { ...CUSTOMER, shipping_address: { same_as_billing: true, address: 'a' } },
    ],
    [
      'a constructor of its own',
      `${JSON.stringify(CUSTOMER).slice(0, -1)},"billing_address":{"city":{"constructor":1}}}`,
    ],
  ];
  it.each(SHAPES)('leaves the end unknown when it is 200 with another shape: %s', async (_what, body) => {
    bff.upstream.answerWith(200, body);
    await expectEnding({ ...UNCLEAR, upstreamStatus: 200 });
  });

  it('leaves the end unknown when it is compressed, which nobody asked for', async () => {
    bff.upstream.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(CUSTOMER)));
    };
    await expectEnding({ ...UNCLEAR, upstreamStatus: 200 });
  });

  it.each([
    ['declared', declaredTooLong],
    ['undeclared', undeclaredTooLong],
    ['endless', endless],
  ])('leaves the end unknown when it is longer than a mebibyte: %s', async (_what, answer) => {
    bff.upstream.answer = (_request, response) => {
      answer(response);
    };
    await expectEnding({ ...UNCLEAR, upstreamStatus: null });
  });

  it('is a refusal as its status says, although it never ends', async () => {
    bff.upstream.answer = (_request, response) => {
      endless(response, 400);
    };
    await expectEnding({ ...rejected(400, 'rejected-by-billing', 'BAD_REQUEST'), upstreamStatus: 400 });
  });

  it.each([
    ['before the headers', (response: ServerResponse): unknown => response.socket?.destroy()],
    [
      'by a reset before the headers',
      (response: ServerResponse): unknown => response.socket?.resetAndDestroy(),
    ],
    [
      'within the body',
      (response: ServerResponse): void => {
        breakOff(response, () => response.socket?.destroy());
      },
    ],
    [
      'by a reset within the body',
      (response: ServerResponse): void => {
        breakOff(response, () => response.socket?.resetAndDestroy());
      },
    ],
    [
      'with something that is not HTTP',
      (response: ServerResponse): unknown => response.socket?.end('SMTP ready\r\n'),
    ],
    [
      'with a header that is none',
      (response: ServerResponse): unknown => response.socket?.end('HTTP/1.1 200 OK\r\nA B\0\r\n\r\n'),
    ],
  ])('leaves the end unknown when the connection breaks %s', async (_what, answer) => {
    bff.upstream.answer = (_request, response) => {
      answer(response);
    };
    await expectEnding({ ...UNCLEAR, upstreamStatus: null });
  });

  it('says so at the Location that the caller gets', async () => {
    bff.upstream.answerWith(500, { message: MARK });
    const answer = await bff.patch({ name: 'Acme GmbH' });
    seen += 2;

    const location = answer.headers.get('location') ?? '';
    const operation = await bff.send('GET', location);
    expect(operation).toMatchObject({
      status: 200,
      body: { id: answer.headers.get('x-operation-id'), status: 'unknown', attempts: 1 },
    });
  });

  /** Patches, and checks everything that an ending shows: answer, upstream, trail and log. */
  async function expectEnding({ status, slug, code, outcome, upstreamStatus }: Ending): Promise<TestAnswer> {
    const answer = await bff.patch({ name: 'Acme GmbH', billing_email: 'anna@acme.test' });

    const operationId = answer.headers.get('x-operation-id') ?? '';
    const detail = expect.any(String) as unknown;
    expect(answer.body).toEqual({
      type: `urn:billing-bff:problem:${slug}`,
      title: expect.any(String) as unknown,
      status,
      detail,
      instance: expect.any(String) as unknown,
      code,
      message: (answer.body as { detail: unknown }).detail,
      request_id: answer.headers.get('x-request-id'),
      operation_id: operationId,
      outcome,
    });
    expect(answer.status).toBe(status);
    expect(operationId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('location')).toBe(
      outcome === 'unknown' ? `/api/v1/operations/${operationId}` : null,
    );
    if (status === 429) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expectNothingToLeak(answer);

    // What is not clear is looked at once, and never sent again.
    const methods = outcome === 'unknown' ? ['PATCH', 'GET'] : ['PATCH'];
    expect(bff.upstream.methods).toEqual(methods);
    const events = await newEvents();
    expect(events).toMatchObject([
      { phase: 'intent', outcome: 'pending', status: null, operation_id: operationId, upstream: null },
      {
        phase: 'outcome',
        outcome,
        status,
        operation_id: operationId,
        upstream: { status: upstreamStatus, attempts: 1, duration_ms: expect.any(Number) as unknown },
      },
    ]);
    const [, { changes } = {}] = events;
    for (const change of changes as { effect: string }[])
      expect(['unverifiable', 'not_applied']).toContain(change.effect);
    expect(JSON.stringify(events)).not.toContain(MARK);
    expect(bff.logs()).not.toContain(MARK);
    expect(bff.logs()).not.toContain(ACME_TOKEN);
    return answer;
  }

  function expectNothingToLeak({ status, body }: TestAnswer): void {
    const text = JSON.stringify(body);
    // A documented refusal repeats the message; nothing else is repeated.
    if (status >= 500) expect(text).not.toContain(MARK);
    expect(text).not.toContain(`${MARK} in text`);
    expect(text).not.toContain(ACME_TOKEN);
    expect(text).not.toContain('127.0.0.1');
    expect(text).not.toContain(new URL(bff.upstream.url).port);
    expect(text).not.toMatch(/\bat .*\.[cm]?[jt]s|node_modules|ECONN|UND_ERR/);
  }

  async function newEvents(): Promise<StoredEvent[]> {
    const events = (await bff.events(seen + 2)).slice(seen);
    seen += events.length;
    return events;
  }
});

describe('an answer that does not come in time', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: { ...SETTINGS, BILLING_API_TIMEOUT_MS: String(TIMEOUT) } });
  });
  afterAll(() => bff.stop());

  it.each([
    ['at all', (): void => undefined],
    ['whole', (response: ServerResponse): void => void response.writeHead(200).write('{')],
    ['but drop by drop', drip],
  ])('leaves the end unknown: not %s', async (_what, answer) => {
    bff.upstream.requests.length = 0;
    const closed = new Promise<void>((resolve) => {
      bff.upstream.answer = (_request, response) => {
        response.on('close', resolve);
        answer(response);
      };
    });
    const result = await bff.patch({ name: 'Acme GmbH' });

    const operationId = result.headers.get('x-operation-id');
    expect(result.status).toBe(504);
    expect(result.body).toMatchObject({
      type: 'urn:billing-bff:problem:billing-timeout',
      code: 'INTERNAL_SERVER_ERROR',
      outcome: 'unknown',
      operation_id: operationId,
    });
    expect(result.headers.get('location')).toBe(`/api/v1/operations/${operationId}`);
    expect(bff.upstream.methods).toEqual(['PATCH', 'GET']);
    const last = (await bff.events(2)).at(-1);
    expect(last).toMatchObject({
      phase: 'outcome',
      outcome: 'unknown',
      status: 504,
      operation_id: operationId,
      upstream: { status: null, attempts: 1 },
    });
    // The connection is given up, too.
    await closed;
  });

  it('counts from the whole request’s deadline when that is shorter', async () => {
    const own = await startBff({
      settings: { ...SETTINGS, BILLING_API_TIMEOUT_MS: '600000', REQUEST_DEADLINE_MS: String(TIMEOUT) },
    });
    try {
      own.upstream.answer = (): void => undefined;
      const result = await own.patch({ name: 'Acme GmbH' });

      expect(result).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
    } finally {
      await own.stop();
    }
  });
});

describe('a billing API that is not there', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  afterAll(() => bff.stop());

  it('has not got the patch, and gets the next one when it is back', async () => {
    await bff.upstream.stop();
    const answer = await bff.patch({ name: 'Acme GmbH' });
    const operationId = answer.headers.get('x-operation-id');

    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({
      type: 'urn:billing-bff:problem:billing-unreachable',
      code: 'INTERNAL_SERVER_ERROR',
      outcome: 'not_applied',
      operation_id: operationId,
    });
    expect(answer.headers.has('location')).toBe(false);
    expect(JSON.stringify(answer.body)).not.toMatch(/127\.0\.0\.1|localhost|ECONNREFUSED/);
    const [intent, outcome] = await bff.events(2);
    expect(intent).toMatchObject({ phase: 'intent', operation_id: operationId });
    expect(outcome).toMatchObject({
      phase: 'outcome',
      outcome: 'not_applied',
      status: 502,
      operation_id: operationId,
      upstream: { status: null },
    });

    await bff.upstream.listen();
    const next = await bff.patch({ name: 'Acme GmbH' });
    expect(next.status).toBe(200);
    expect(bff.upstream.requests).toHaveLength(1);
  });
});

function rejected(status: number, slug: string, code: string): Omit<Ending, 'upstreamStatus'> {
  return { status, slug, code, outcome: 'rejected' };
}

function notApplied(
  status: number,
  slug: string,
  code = 'INTERNAL_SERVER_ERROR',
): Omit<Ending, 'upstreamStatus'> {
  return { status, slug, code, outcome: 'not_applied' };
}

function declaredTooLong(response: ServerResponse): void {
  answerJson(response, 200, JSON.stringify(CUSTOMER).padEnd(MEBIBYTE + 1, ' '), {
    'Content-Length': String(MEBIBYTE + 1),
  });
}

function undeclaredTooLong(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write(JSON.stringify(CUSTOMER).padEnd(MEBIBYTE, ' '));
  response.end(' ');
}

function endless(response: ServerResponse, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  const more = (): void => {
    while (!response.destroyed && response.write(' '.repeat(65_536)));
  };
  response.on('drain', more);
  response.on('error', () => undefined);
  more();
}

function breakOff(response: ServerResponse, by: () => unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write(JSON.stringify(CUSTOMER), by);
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const timer = setInterval(() => response.write(' '), TIMEOUT / 8);
  response.on('close', () => {
    clearInterval(timer);
  });
}
