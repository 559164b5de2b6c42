import { patchRaw, type RawRequest } from './support/raw-request.js';
import { gzipSync } from 'node:zlib';
import { CUSTOMER_PATH, startBff, type TestAnswer, type TestBff } from './support/start-bff.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };
const LIMIT = 64 * 1024;

/** A good patch of that many bytes, filled up with white space. */
const ofSize = (bytes: number): string => '{"name":"Acme"}'.padEnd(bytes, ' ');

describe('the bytes of a patch', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  const sent = (): unknown[] => bff.upstream.requests.map(({ text }) => JSON.parse(text) as unknown);
  const refusal = (slug: string, status: number): unknown =>
    expect.objectContaining({ type: `urn:billing-bff:problem:${slug}`, status, code: 'BAD_REQUEST' });

  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'application/json; charset=utf8',
    'application/json; charset=UTF8',
  ])('are taken as %s', async (contentType) => {
    const answer = await bff.patch({ name: 'Søren' }, { 'Content-Type': contentType });

    expect(answer.status).toBe(200);
    expect(sent()).toEqual([{ name: 'Søren' }]);
  });

  it.each([
    ['text/plain'],
    ['text/json'],
    ['application/merge-patch+json'],
    ['application/json-patch+json'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/jsonp'],
    ['application/json, text/plain'],
    ['application/json; charset=iso-8859-1'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=us-ascii'],
    ['application'],
    ['*/*'],
    ['json'],
    [';'],
  ])('are refused as %s', async (contentType) => {
    const answer = await bff.patch('{"name":"Acme"}', { 'Content-Type': contentType });

    expect(answer.status).toBe(415);
    expect(answer.body).toEqual(refusal('unsupported-media-type', 415));
    expect(sent()).toEqual([]);
  });

  it('are refused without a type', async () => {
    const answer = await send({ 'Content-Length': '15' }, ['{"name":"Acme"}']);

    expect(answer.status).toBe(415);
    expect(answer.body).toEqual(refusal('unsupported-media-type', 415));
    expect(sent()).toEqual([]);
  });

  it.each([
    ['other types', 'application/json', 'text/plain'],
    ['other charsets', 'application/json', 'application/json; charset=utf-16'],
    ['the same type', 'application/json', 'application/json'],
  ])('are refused with two Content-Type lines of %s', async (_what, first, second) => {
    const authorization = `Bearer ${await bff.idp.token()}`;
    const answer = await patchRaw(bff.url, CUSTOMER_PATH, {
      headers: [
        'Authorization',
        authorization,
        'Host',
        'bff.test',
        'Content-Type',
        first,
        'Content-Type',
        second,
      ],
      body: '{"name":"Acme"}',
    });

    expect(answer.status).toBe(415);
    expect(answer.body).toEqual(refusal('unsupported-media-type', 415));
    expect(sent()).toEqual([]);
  });

  it.each([
    ['gzip', gzipSync('{"name":"Acme"}')],
    ['deflate', Buffer.from('{"name":"Acme"}')],
    ['br', Buffer.from('{"name":"Acme"}')],
    ['identity, gzip', gzipSync('{"name":"Acme"}')],
  ])('are refused with Content-Encoding: %s', async (encoding, bytes) => {
    const answer = await bff.patch(bytes, {
      'Content-Type': 'application/json',
      'Content-Encoding': encoding,
    });

    expect(answer.status).toBe(415);
    expect(sent()).toEqual([]);
  });

  it.each([
    ['an invalid byte', [0xff]],
    ['a continuation byte alone', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a character cut off', [0xf0, 0x9f, 0x98]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['Latin-1', [0x53, 0xf8, 0x72]],
  ])('are refused when they are not UTF-8: %s', async (_what, bytes) => {
    const body = Buffer.concat([Buffer.from('{"name":"A'), Buffer.from(bytes), Buffer.from('"}')]);
    const answer = await bff.patch(body);

    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(refusal('malformed-json', 400));
    expect(sent()).toEqual([]);
  });

  it('are refused as UTF-16', async () => {
    for (const text of ['{"name":"Acme"}', '\ufeff{"name":"Acme"}']) {
      const answer = await bff.patch(Buffer.from(text, 'utf16le'));

      expect(answer.status).toBe(400);
    }
    expect(sent()).toEqual([]);
  });

  it('may begin with a byte order mark, which is no part of the patch (RFC 8259, section 8.1)', async () => {
    const answer = await bff.patch(Buffer.from('\ufeff{"name":"\ufeffAcme"}'));

    expect(answer.status).toBe(200);
    expect(sent()).toEqual([{ name: '\ufeffAcme' }]);
  });

  it.each([
    ['nothing', ''],
    ['white space', '  \n'],
    ['a word', 'undefined'],
    ['a member without value', '{"name":}'],
    ['single quotes', "{'name':'a'}"],
    ['a trailing comma', '{"name":"a",}'],
    ['a comment', '{"name":"a"/* b */}'],
    ['two objects', '{"name":"a"}{"name":"b"}'],
    ['a line of its own behind', '{"name":"a"}\n{"name":"b"}'],
    ['an object cut off', '{"name":"a"'],
    ['a raw line break in text', '{"name":"a\nb"}'],
    ['a raw NUL in text', '{"name":"a\0b"}'],
    ['NaN', '{"name":NaN}'],
    ['a wrong escape', '{"name":"\\x41"}'],
    ['a form', 'name=a'],
    ['50,000 open lists', '['.repeat(50_000)],
  ])('are refused when they are not JSON, unquoted: %s', async (_what, text) => {
    const answer = await bff.patch(text);

    const requestId = answer.headers.get('x-request-id');
    const detail = expect.any(String) as unknown;
    expect(answer.body).toEqual({
      type: 'urn:billing-bff:problem:malformed-json',
      title: expect.any(String) as unknown,
      status: 400,
      detail,
      instance: expect.any(String) as unknown,
      code: 'BAD_REQUEST',
      message: detail,
      request_id: requestId,
    });
    expect(answer.status).toBe(400);
    expect(sent()).toEqual([]);
  });

  it('are not quoted when they are not JSON, neither in the answer nor in the log', async () => {
    const answer = await bff.patch('{"billing_email": "S3CR3T@acme.test", oops}');

    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).not.toContain('S3CR3T');
    expect(bff.logs()).not.toContain('S3CR3T');
  });

  it('may be 64 KiB, declared or not', async () => {
    const declared = await bff.patch(ofSize(LIMIT));
    const undeclared = await send({ 'Transfer-Encoding': 'chunked' }, [ofSize(LIMIT)], 'application/json');

    expect([declared.status, undeclared.status]).toEqual([200, 200]);
    expect(sent()).toEqual([{ name: 'Acme' }, { name: 'Acme' }]);
  });

  it('count as bytes, not characters', async () => {
    const text = JSON.stringify({ custom_taxes: [], name: '税'.repeat(22_000) });
    const answer = await bff.patch(text);

    expect(text.length).toBeLessThan(LIMIT);
    expect(answer.status).toBe(413);
    expect(sent()).toEqual([]);
  });

  it('are too many from 64 KiB and one on, declared or not', async () => {
    const declared = await bff.patch(ofSize(LIMIT + 1));
    const undeclared = await send(
      { 'Transfer-Encoding': 'chunked' },
      [ofSize(LIMIT + 1)],
      'application/json',
    );

    for (const answer of [declared, undeclared]) {
      expect(answer.status).toBe(413);
      expect(answer.body).toEqual(refusal('payload-too-large', 413));
    }
    expect(sent()).toEqual([]);
  });

  it('are refused by what is declared, before they are sent', async () => {
    const answer = await send({ 'Content-Length': '1000000000' }, [], 'application/json', 'nothing');

    expect(answer.status).toBe(413);
    expect(sent()).toEqual([]);
  });

  it('are refused while a caller keeps sending without end', async () => {
    const answer = await send(
      { 'Transfer-Encoding': 'chunked' },
      [ofSize(LIMIT), 'x'],
      'application/json',
      'nothing',
    );

    expect(answer.status).toBe(413);
    expect(sent()).toEqual([]);
  });

  it('that break off before their declared end send nothing', async () => {
    await expect(
      send({ 'Content-Length': '1000' }, ['{"name":"Acme"}'], 'application/json', 'destroy'),
    ).rejects.toThrow();
    const next = await bff.patch({ name: 'next' });

    expect(next.status).toBe(200);
    expect(sent()).toEqual([{ name: 'next' }]);
  });

  it('are taken in as many pieces as they come, characters cut in two', async () => {
    const bytes = Buffer.from('{"name":"😀"}');
    const pieces = Array.from(bytes, (byte) => Buffer.from([byte]));
    const answer = await send({ 'Transfer-Encoding': 'chunked' }, pieces, 'application/json');

    expect(answer.status).toBe(200);
    expect(sent()).toEqual([{ name: '😀' }]);
  });

  /** As `bff.patch`, but byte by byte as the test says it. */
  async function send(
    headers: Record<string, string>,
    pieces: readonly (string | Buffer)[],
    contentType?: string,
    after: RawRequest['after'] = 'end',
  ): Promise<TestAnswer> {
    return patchRaw(bff.url, CUSTOMER_PATH, {
      headers: {
        Authorization: `Bearer ${await bff.idp.token()}`,
        ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
        ...headers,
      },
      body: pieces,
      after,
    });
  }
});
