import { patchRaw } from './support/raw-request.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { CUSTOMER } from './support/upstream.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

describe('the customer in the path', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
    bff.upstream.answerWith(200, CUSTOMER);
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  it.each([
    ['an id', 'cus_7n42DGM5Tflk9n8mt7Fhc7', 'cus_7n42DGM5Tflk9n8mt7Fhc7'],
    ['an alias', 'acme-berlin_1.a~b', 'acme-berlin_1.a~b'],
    ['one character', 'a', 'a'],
    ['needlessly encoded', '%61%63me', 'acme'],
    ['a question mark', 'a%3Fb', 'a%3Fb'],
    ['a hash', 'a%23b', 'a%23b'],
    ['a per cent sign', 'a%25b', 'a%25b'],
    ['an encoded slash, decoded once', 'a%252Fb', 'a%252Fb'],
    ['a way up, decoded once', '..%252F..%252Fadmin', '..%252F..%252Fadmin'],
    ['encoded dots, decoded once', '%252e%252e', '%252e%252e'],
    ['an encoded NUL, decoded once', 'a%2500', 'a%2500'],
    ['three dots', '...', '...'],
    ['dots within', 'a..b', 'a..b'],
    ['reserved signs', 'a;b=c&d:e@f$g,h+i', 'a%3Bb%3Dc%26d%3Ae%40f%24g%2Ch%2Bi'],
    ['an encoded plus', 'a%2Bb', 'a%2Bb'],
    ['an asterisk', '*', '*'],
    ['a colon in front', ':id_or_alias', '%3Aid_or_alias'],
    ['umlauts and other scripts', '%C3%BC-%E7%A8%8E', '%C3%BC-%E7%A8%8E'],
    ['hex in lower case', '%c3%bc', '%C3%BC'],
    ['a byte order mark within', 'a%EF%BB%BF', undefined],
    ['255 characters', 'a'.repeat(255), 'a'.repeat(255)],
    ['255 characters of four bytes', '%F0%9F%98%80'.repeat(255), '%F0%9F%98%80'.repeat(255)],
    ['the name of a member of every object', '__proto__', '__proto__'],
  ])('is decoded once and encoded anew: %s', async (_what, path, sentPath) => {
    const answer = await patch(path);

    if (sentPath === undefined) {
      // White space to some (ECMAScript), none to others (Unicode): either way nothing breaks.
      expect([200, 400]).toContain(answer.status);
      return;
    }
    expect(answer.status).toBe(200);
    expect(bff.upstream.requests.map(({ method, url }) => [method, url])).toEqual([
      ['PATCH', `/api/v1/customers/${sentPath}`],
    ]);
  });

  it.each([
    ['256 characters', 'a'.repeat(256)],
    ['256 characters of four bytes', '%F0%9F%98%80'.repeat(256)],
    ['1,000 characters of four bytes', '%F0%9F%98%80'.repeat(1000)],
    ['one dot', '.'],
    ['one dot, encoded', '%2E'],
    ['two dots', '..'],
    ['two dots, encoded', '%2e%2E'],
    ['a slash', 'a%2Fb'],
    ['a slash in lower case', 'a%2fb'],
    ['a slash alone', '%2F'],
    ['a way up', '..%2Fadmin'],
    ['a way up and down', '..%2F..%2Fcustomers%2Fcus_1'],
    ['a backslash', 'a%5Cb'],
    ['a way up with backslash', '..%5Cadmin'],
    ['a raw backslash', 'a\\b'],
    ['a space', 'a%20b'],
    ['a space alone', '%20'],
    ['a space behind', 'a%20'],
    ['a no-break space', 'a%C2%A0b'],
    ['an ideographic space', 'a%E3%80%80b'],
    ['a line separator', 'a%E2%80%A8b'],
    ['a tab', 'a%09b'],
    ['a line feed', 'a%0Ab'],
    ['a header of its own', 'a%0D%0AX-Injected:%201'],
    ['a NUL', 'a%00b'],
    ['a DEL', 'a%7F'],
    ['a NEL', 'a%C2%85'],
    ['a zero width space', 'a%E2%80%8B'],
    ['a filler', '%E3%85%A4'],
    ['an override of the direction', 'a%E2%80%AEb'],
  ])('is refused, nothing sent: %s', async (_what, path) => {
    const answer = await patch(path);

    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      type: 'urn:billing-bff:problem:validation-failed',
      status: 400,
      code: 'BAD_REQUEST',
      errors: [{ parameter: 'id_or_alias' }],
    });
    expect(answer.status).toBe(400);
    expect(bff.upstream.requests).toEqual([]);
  });

  it.each([
    ['a per cent sign alone', '%'],
    ['one hex digit', 'a%2'],
    ['no hex digits', '%ZZ'],
    ['an invalid byte', '%FF'],
    ['a continuation byte alone', '%80'],
    ['an overlong slash', '..%C0%AFadmin'],
    ['an encoded surrogate', '%ED%A0%80'],
    ['a character cut off', '%F0%9F%98'],
    ['a good and a bad one', '%61%'],
  ])('is refused when it is encoded badly: %s', async (_what, path) => {
    const answer = await patch(path);

    const detail = expect.any(String) as unknown;
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({
      type: 'urn:billing-bff:problem:validation-failed',
      title: expect.any(String) as unknown,
      status: 400,
      detail,
      instance: expect.any(String) as unknown,
      code: 'BAD_REQUEST',
      message: detail,
      request_id: answer.headers.get('x-request-id'),
    });
    expect(answer.headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(bff.upstream.requests).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['empty with a query', '?x=1'],
    ['two of them', 'a/b'],
    ['one and a slash', 'a/'],
    ['a slash of its own', '/a'],
  ])('is no path that is known: %s', async (_what, path) => {
    const answer = await patch(path);

    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect([400, 404]).toContain(answer.status);
    expect(bff.upstream.requests).toEqual([]);
  });

  it('is not patched when a preview was asked for', async () => {
    for (const query of [
      'dry_run=true',
      'dry_run',
      'dry_run=1',
      'dry_run=false&dry_run=true',
      'dry%5Frun=true',
    ]) {
      await patch(`acme?${query}`);
    }
    expect(bff.upstream.requests.filter(({ method }) => method === 'PATCH')).toEqual([]);
  });

  it('is masked in the trail and absent from the log, unless it is an id', async () => {
    const own = await startBff({ settings: SETTINGS });
    try {
      own.upstream.answerWith(200, CUSTOMER);
      await own.send('PATCH', '/api/v1/customers/very-personal-alias', { name: 'Acme' });
      await own.send('PATCH', '/api/v1/customers/very-personal-alias%20', { name: 'Acme' });
      await own.send('PATCH', `/api/v1/customers/${CUSTOMER.id}`, { name: 'Acme' });

      const events = await own.events(5);
      expect(JSON.stringify(events)).not.toContain('personal-alias');
      expect(own.logs()).not.toContain('personal-alias');
      const byRef = events.filter(({ target }) => (target as { ref: string }).ref === CUSTOMER.id);
      expect(byRef.map(({ phase }) => phase)).toEqual(['intent', 'outcome']);
    } finally {
      await own.stop();
    }
  });

  /** Patches the customer of that path, which is sent as it stands: fetch would mend it. */
  async function patch(path: string): Promise<TestAnswer> {
    return patchRaw(bff.url, `/api/v1/customers/${path}`, {
      headers: { Authorization: `Bearer ${await bff.idp.token()}`, 'Content-Type': 'application/json' },
      body: '{"name":"Acme"}',
    });
  }
});
