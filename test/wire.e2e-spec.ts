import { connect } from 'node:net';
import { exchange, openConnection, type RawAnswer, readAnswers } from './support/raw-request.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';

const ORIGIN = 'https://app.test';
const SETTINGS = {
  ...{ CUSTOMER_PRE_READ: 'never', REQUEST_DEADLINE_MS: '1500', RATE_LIMIT_PER_MINUTE: '0' },
  ...{ CORS_ORIGINS: `${ORIGIN},http://localhost:*,http://127.0.0.1:*`, TRUST_PROXY: 'true' },
};
const BODY = '{"name":"B"}';

let bff: TestBff;
let token: string;
beforeAll(async () => {
  bff = await startBff({ settings: SETTINGS });
  token = await bff.idp.token();
});
beforeEach(() => {
  bff.upstream.requests.length = 0;
});
afterAll(() => bff.stop());

/** The header of a patch, without the empty line behind it. */
function head(...lines: string[]): string {
  const standing = [`Host: bff.test`, `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
  return [`PATCH ${CUSTOMER_PATH} HTTP/1.1`, ...standing, ...lines, ''].join('\r\n');
}
const patch = (body = BODY, ...lines: string[]): string =>
  `${head(`Content-Length: ${body.length}`, ...lines)}\r\n${body}`;
const chunked = (...chunks: string[]): string =>
  `${head('Transfer-Encoding: chunked')}\r\n${chunks.map(chunk).join('')}`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const END = '0\r\n\r\n';

const slugs = (answers: readonly RawAnswer[]): unknown[] =>
  answers.map(({ status, body }) => {
    const { type } = JSON.parse(body) as { type?: string };
    return type === undefined ? status : `${status} ${type.replace('urn:billing-bff:problem:', '')}`;
  });
const sent = (): string[] => bff.upstream.patches.map(({ text }) => text);

describe('behind an answer with Connection: close nothing is carried out', () => {
  const STRANGER = `PATCH ${CUSTOMER_PATH} HTTP/1.1\r\nHost: bff.test\r\n`;
  it.each<[string, () => string, string]>([
    ['a chunked 413', () => chunked('x'.repeat(70_000), ''), '413 payload-too-large'],
    [
      'a declared 413',
      () => `${head('Content-Length: 70000')}\r\n${'x'.repeat(70_000)}`,
      '413 payload-too-large',
    ],
    [
      'a chunked 401',
      () => `${STRANGER}Transfer-Encoding: chunked\r\n\r\n${chunk('x'.repeat(70_000))}${END}`,
      '401 unauthenticated',
    ],
    [
      'a long 401',
      () => `${STRANGER}Content-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
      '401 unauthenticated',
    ],
    [
      'a long 415',
      () => `${head('Content-Encoding: gzip', 'Content-Length: 70000')}\r\n${'x'.repeat(70_000)}`,
      '415 unsupported-media-type',
    ],
    [
      'a long 404',
      () => `PATCH /nowhere HTTP/1.1\r\nHost: bff.test\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`,
      '404 not-found',
    ],
    ['malformed chunks', () => `${chunked('{"name":')}ZZ\r\n`, '400 validation-failed'],
    ['what the client itself closed', () => patch('{', 'Connection: close'), '400 malformed-json'],
    ['no HTTP', () => 'GARBAGE\r\n\r\n', '400 validation-failed'],
    ['CONNECT', () => 'CONNECT a.test:1 HTTP/1.1\r\nHost: a.test:1\r\n\r\n', '405 method-not-allowed'],
    ['two hosts', () => patch(BODY, 'Host: other.test'), '400 validation-failed'],
  ])('%s', async (_, first, slug) => {
    const answers = await exchange(bff.url, `${first()}${patch()}`);
    expect(slugs(answers)).toEqual([slug]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
    expect(sent()).toEqual([]);
  });

  it('but what is refused with its body whole leaves the connection as it was', async () => {
    const stranger = `${STRANGER}Content-Length: 2\r\n\r\n{}`;
    const answers = await exchange(bff.url, `${stranger}${patch('{')}${patch(BODY, 'Connection: close')}`);
    expect(slugs(answers)).toEqual(['401 unauthenticated', '400 malformed-json', 200]);
    expect(sent()).toEqual([BODY]);
  });
});

it('what is pipelined is carried out in turn, however much it is', async () => {
  const bodies = Array.from({ length: 40 }, (_, n) => `{"name":"${n}"}`);
  const requests = bodies.map((body, n) => patch(body, ...(n === 39 ? ['Connection: close'] : [])));
  const answers = await exchange(bff.url, requests.join(''));
  expect(slugs(answers)).toEqual(bodies.map(() => 200));
  expect(sent()).toEqual(bodies);
});

it('who resets a connection takes back what was pipelined and not begun', async () => {
  const { answer } = bff.upstream;
  const before = await connections();
  let goOn = (): void => undefined;
  const began = new Promise<void>((resolve) => {
    bff.upstream.answer = (request, response) => {
      goOn = () => {
        answer(request, response);
      };
      resolve();
    };
  });
  const socket = await openConnection(bff.url);
  socket.write(patch('{"name":"1"}') + patch('{"name":"2"}'));
  await began;
  socket.resetAndDestroy();
  while ((await connections()) > before) await new Promise(setImmediate);
  bff.upstream.answer = answer;
  goOn();
  await bff.patch({ name: '3' });
  expect(sent()).toEqual(['{"name":"1"}', '{"name":"3"}']);
});

it('who closes the sending side behind requests gets all their answers', async () => {
  const socket = await openConnection(bff.url);
  const read = 'GET /nowhere HTTP/1.1\r\nHost: bff.test\r\n\r\n';
  socket.end(patch('{') + patch('{"name":"1"}') + patch('{"name":"2"}') + read);
  expect(slugs(await readAnswers(socket))).toEqual(['400 malformed-json', 200, 200, '404 not-found']);
  expect(sent()).toEqual(['{"name":"1"}', '{"name":"2"}']);
});

it('who closes the sending side behind what is no HTTP is refused, after the answers to all requests before', async () => {
  const garbage = 'GARBAGE\r\n\r\n';
  for (const [bytes, answers] of [
    [garbage, ['400 validation-failed']],
    [patch() + garbage, [200, '400 validation-failed']],
    [patch() + patch() + garbage, [200, 200, '400 validation-failed']],
  ] as const) {
    const socket = await openConnection(bff.url);
    socket.end(bytes);
    expect(slugs(await readAnswers(socket))).toEqual(answers);
  }
});

it('who closes the sending side in the middle of a request is refused, and nothing of it is carried out', async () => {
  for (const [half, answer] of [
    [`${head('Content-Length: 100')}\r\n${BODY}`, '400 validation-failed'],
    [chunked(BODY), '400 validation-failed'],
    [head(), '400 validation-failed'],
  ] as const) {
    const socket = await openConnection(bff.url);
    socket.end(half);
    expect(slugs(await readAnswers(socket))).toEqual([answer]);
  }
  expect(sent()).toEqual([]);
});

it.each([
  ['declared', (length: number) => `Content-Length: ${length}`],
  ['chunked', () => 'Transfer-Encoding: chunked'],
])('a client that writes 5 MB before it reads gets its 413: %s', async (_, line) => {
  const mega = 'x'.repeat(1_000_000);
  const piece = line(0).startsWith('T') ? chunk(mega) : mega;
  for (let round = 0; round < 3; round += 1) {
    const pieces = Array.from({ length: 5 }, () => piece);
    const answers = await exchange(bff.url, `${head(line(5_000_000))}\r\n`, ...pieces);
    expect(slugs(answers)).toEqual(['413 payload-too-large']);
  }
});

it('an upload behind a 401 comes to an end, even if the client never looks at the answer', async () => {
  const { port } = new URL(bff.url);
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).resume();
  socket.write(`PATCH ${CUSTOMER_PATH} HTTP/1.1\r\nHost: bff.test\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const mega = chunk('x'.repeat(1_000_000));
  const upload = (): void => {
    while (socket.writable && socket.bytesWritten < 200_000_000 && socket.write(mega));
  };
  socket.on('drain', upload);
  upload();
  await new Promise((resolve) => socket.once('close', resolve));
  expect(socket.bytesWritten).toBeLessThan(200_000_000);
});

describe('a body that does not arrive', () => {
  it('is a 408 that ends the connection, be its length declared or not', async () => {
    // At once: each takes the whole deadline.
    const requests = [`${head('Content-Length: 100')}\r\n{"name":`, chunked('{"name":')];
    const answers = (await Promise.all(requests.map((request) => exchange(bff.url, request)))).flat();
    expect(slugs(answers)).toEqual(['408 request-timeout', '408 request-timeout']);
    for (const { headers } of answers) expect(headers.get('connection')).toBe('close');
    expect(sent()).toEqual([]);
  });

  it.each(['ZZ\r\n', '5\r\n1234567\r\n', '-1\r\n', '\r\n', `ffffffffffffffffffff\r\n`])(
    'because its chunks are malformed is refused at once: %j',
    async (rest) => {
      const startedAt = Date.now();
      const answers = await exchange(bff.url, chunked('{"name":'), rest);
      expect(slugs(answers)).toEqual(['400 validation-failed']);
      expect(Date.now() - startedAt).toBeLessThan(1_000);
      expect(sent()).toEqual([]);
    },
  );

  it('because it was malformed before anybody read it is refused all the same', async () => {
    const answers = await exchange(bff.url, `${chunked('{"name":')}ZZ\r\n`);
    expect(slugs(answers)).toEqual(['400 validation-failed']);
  });
});

it('a page of an allowed origin may read the headers that it needs, and no others', async () => {
  const [answer] = await exchange(bff.url, patch(BODY, `Origin: ${ORIGIN}`, 'Connection: close'));
  expect(answer?.status).toBe(200);
  expect(answer?.headers.get('access-control-expose-headers')?.split(', ')).toEqual([
    ...['X-Request-Id', 'X-Operation-Id', 'Content-Location', 'Location', 'Retry-After', 'ETag'],
    ...['Idempotency-Replayed', 'RateLimit-Policy', 'RateLimit', 'Content-Disposition'],
  ]);
});

describe('OPTIONS', () => {
  const options = (path: string, ...lines: string[]): Promise<RawAnswer[]> =>
    exchange(
      bff.url,
      [`OPTIONS ${path} HTTP/1.1`, 'Host: a.test', 'Connection: close', ...lines, '\r\n'].join('\r\n'),
    );

  it('that is no preflight is a method like others', async () => {
    const plain = ['', `Origin: ${ORIGIN}`, 'Access-Control-Request-Method: PATCH'];
    for (const line of plain) {
      const answers = await options(CUSTOMER_PATH, ...(line === '' ? [] : [line]));
      expect(slugs(answers)).toEqual(['405 method-not-allowed']);
      expect(answers[0]?.headers.get('allow')).toBe('PATCH, GET, HEAD');
      expect(slugs(await options('/nowhere', ...(line === '' ? [] : [line])))).toEqual(['404 not-found']);
    }
  });

  it('that is a preflight is answered for the origins of the settings', async () => {
    const lines = (origin: string): string[] => [`Origin: ${origin}`, 'Access-Control-Request-Method: PATCH'];
    const [ours] = await options(CUSTOMER_PATH, ...lines(ORIGIN));
    const [theirs] = await options(CUSTOMER_PATH, ...lines('https://evil.test'));
    expect([ours?.status, ours?.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN]);
    expect([theirs?.status, theirs?.headers.get('access-control-allow-origin')]).toEqual([204, null]);
  });

  it.each([
    ['http://localhost:5173', true],
    ['http://localhost', true],
    ['http://127.0.0.1:8080', true],
    ['https://localhost:5173', false],
    ['http://localhost.evil.test:5173', false],
    ['http://evil.test?http://localhost:5173', false],
    ['http://127.0.0.1.evil.test', false],
    ['http://127x0x0x1:8080', false],
  ])(
    'that is a preflight of a page on any port of this machine, if the settings say so: %s',
    async (origin, allowed) => {
      const [answer] = await options(
        CUSTOMER_PATH,
        `Origin: ${origin}`,
        'Access-Control-Request-Method: PATCH',
      );
      expect(answer?.headers.get('access-control-allow-origin')).toBe(allowed ? origin : null);
    },
  );
});

it.each([
  ['203.0.113.7:51234', '203.0.113.7'],
  ['[2001:db8::7]:51234', '2001:db8::7'],
])('the trail has the address alone of X-Forwarded-For: %s', async (forwarded, ip) => {
  const before = await bff.events(0);
  await bff.patch({ name: 'B' }, { 'X-Forwarded-For': forwarded });
  const events = await bff.events(before.length + 2);
  expect(events.at(-1)).toMatchObject({ origin: { ip } });
});

function connections(): Promise<number> {
  const server = bff.app.getHttpServer();
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
