import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KeySet } from '../src/auth/key-set.js';
import { LOGGER } from '../src/http/logger.js';
import { Metrics } from '../src/metrics/metrics.js';
import { Clock } from '../src/runtime/clock.js';
import { createKey, TestIdentityProvider, type TestKey } from './support/identity-provider.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { testConfig } from './support/test-config.js';

const PATCH = { name: 'Acme AG' };
const realNow = Date.now.bind(Date);
const realMonotonic = performance.now.bind(performance);

let bff: TestBff;
let idp: TestIdentityProvider;
let rsa: TestKey;
/** Milliseconds that this process's time is ahead of the real one when a test begins; it never goes back. */
let aheadAtStart = 0;
let ahead = 0;
beforeAll(async () => {
  [bff, rsa] = await Promise.all([startBff(), createKey('', 'RS256')]);
});
beforeEach(async () => {
  aheadAtStart = ahead;
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + ahead);
  jest.spyOn(performance, 'now').mockImplementation(() => realMonotonic() + ahead);
  idp = await TestIdentityProvider.start();
  forgetKeys(idp.jwksUrl);
  bff.upstream.requests.length = 0;
});
afterEach(() => idp.stop());
afterAll(async () => {
  jest.restoreAllMocks();
  await bff.stop();
});

describe('an identity provider that is away from the start', () => {
  beforeEach(() => idp.stop());

  it('makes every request with a token 503, in no time, with nothing sent', async () => {
    expectUnavailable(await patch());
    const headers = { Authorization: `Bearer ${await idp.token()}` };
    expectUnavailable(await bff.send('GET', '/api/v1/audit-events', undefined, headers));
    expect(bff.upstream.requests).toHaveLength(0);
  });

  it('changes nothing for requests that bring no token: those are 401', async () => {
    expect((await bff.patch(PATCH, { Authorization: '' })).status).toBe(401);
    expect((await bff.patch(PATCH, { Authorization: 'Bearer x.y.z' })).status).toBe(401);
    expect((await bff.send('GET', '/health/live', undefined, { Authorization: '' })).status).toBe(200);
  });

  it('is found again by itself once it is back', async () => {
    expectUnavailable(await patch());
    await idp.listen();
    later(6_000);
    expect((await patch()).status).toBe(200);
  });

  it('is not asked once for each of many requests', async () => {
    await patch();
    await idp.listen();
    const answers = await Promise.all(Array.from({ length: 50 }, () => patch()));
    for (const { status } of answers) expect([200, 503]).toContain(status);
    expect(idp.requests).toBeLessThanOrEqual(2);
  });
});

describe('an identity provider that goes away later', () => {
  it('leaves tokens of known keys working, also when the keys are old', async () => {
    expect((await patch()).status).toBe(200);
    await idp.stop();
    for (const ms of [0, 6_000, 11 * 60_000, 24 * 3_600_000]) {
      later(ms);
      expect((await patch()).status).toBe(200);
    }
  });

  it('makes tokens of keys that are not known 503: they may be good', async () => {
    await patch();
    bff.upstream.requests.length = 0;
    await idp.stop();
    later(6_000);
    expectUnavailable(await patchWith(await createKey('key-2')));
    expect(bff.upstream.requests).toHaveLength(0);
    expect((await patch()).status).toBe(200);
  });
});

describe('keys', () => {
  it('are asked for once, not for every token', async () => {
    for (let i = 0; i < 20; i += 1) await patch();
    expect(idp.requests).toBe(1);
  });

  it('that are made up cost the provider a bounded number of requests, and are 401', async () => {
    await patch();
    bff.upstream.requests.length = 0;
    const key = await createKey('x');
    for (let round = 0; round < 2; round += 1) {
      const kids = Array.from({ length: 100 }, (_, i) => `made-up-${round}-${i}`);
      const answers = await Promise.all(kids.map((kid) => patchWith(key, kid)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      later(6_000 * (round + 1));
    }
    expect(bff.upstream.requests).toHaveLength(0);
    expect(idp.requests).toBeLessThanOrEqual(4);
  });

  it('that are new are accepted after a rotation, and old ones no more', async () => {
    expect((await patch()).status).toBe(200);
    const old = idp.key;
    const next = await createKey('key-2');
    idp.keys = [next];
    later(6_000);
    expect((await patchWith(next)).status).toBe(200);
    expect((await patchWith(old)).status).toBe(401);
  });

  it('that are new under an old name are accepted within the cool-down', async () => {
    expect((await patch()).status).toBe(200);
    const next = await createKey(idp.key.kid);
    idp.keys = [next];
    expect((await patchWith(next)).status).toBe(401);
    later(5_001);
    expect((await patchWith(next)).status).toBe(200);
    expect(idp.requests).toBe(2);
  });

  it('that are new and without name are accepted within the cool-down', async () => {
    expect((await patchNameless(idp.key)).status).toBe(200);
    const [one, other] = [nameless(await createKey('')), nameless(await createKey(''))];
    idp.keys = [one, other];
    later(5_001);
    expect((await patchNameless(other)).status).toBe(200);
    expect(idp.requests).toBe(2);
  });

  it('whose names made-up tokens use cost the provider one request for each cool-down', async () => {
    await patch();
    const forger = await createKey(idp.key.kid);
    for (let round = 1; round <= 3; round += 1) {
      later(round * 5_001);
      const answers = await Promise.all(Array.from({ length: 50 }, () => patchWith(forger)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    }
    expect(idp.requests).toBeLessThanOrEqual(4);
    expect((await patch()).status).toBe(200);
  });

  it.each<[string, () => unknown]>([
    ['weak', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })],
    ['of another algorithm', async () => ({ ...(await createKey('')).jwk, kid: undefined })],
    ['of no modulus', () => ({ kty: 'RSA', e: 'AQAB' })],
    ['of a modulus that is none', () => ({ kty: 'RSA', n: 'AQAB', e: 'AQAB' })],
    ['of an exponent that is none', () => ({ kty: 'RSA', n: rsa.jwk.n, e: 'AAAA' })],
    ['private', () => ({ kty: 'RSA', n: rsa.jwk.n, e: 'AQAB', d: 'AQAB' })],
    ['symmetric', () => ({ kty: 'oct', k: 'AQAB' })],
    ['of a type that nobody knows', () => ({ kty: 'XYZ' })],
    ['without type', () => ({})],
    ['null', () => null],
    ['text', () => 'key'],
    ['a list', () => []],
  ])('before the right one do not end the search: %s', async (_, first) => {
    const { kid: _kid, alg: _alg, ...right } = rsa.jwk;
    const jwk = (await first()) as TestKey['jwk'];
    idp.keys = [
      { ...rsa, jwk },
      { ...rsa, jwk: right },
    ];
    expect((await patchNameless(rsa)).status).toBe(200);
    idp.keys = [{ ...rsa, jwk }, idp.key, { ...rsa, jwk: right }, nameless(await createKey('', 'RS256'))];
    forgetKeys(idp.jwksUrl);
    expect((await patchNameless(rsa)).status).toBe(200);
  });

  it('before the right one do not end the search, however many they are', async () => {
    const right = nameless(await createKey(''));
    const others = await Promise.all(Array.from({ length: 15 }, () => createKey('')));
    idp.keys = [...others.map(nameless), right];
    expect((await patchNameless(right)).status).toBe(200);
  });

  it('that the provider took back are refused within minutes, though nobody brings a new one', async () => {
    await patch();
    idp.keys = [await createKey('key-2')];
    later(15 * 60_000);
    await patchWith(idp.key); // may still pass: it starts the refresh
    await until(async () => (await patchWith(idp.key)).status === 401);
  });
});

describe('an identity provider that misbehaves', () => {
  let strange: Server;
  const elsewhere = { requests: 0 };
  async function startWith(listener: RequestListener): Promise<void> {
    strange = createServer(listener);
    await new Promise<void>((resolve) => strange.listen(0, '127.0.0.1', resolve));
    const { port } = strange.address() as AddressInfo;
    forgetKeys(`http://127.0.0.1:${port}/jwks`);
  }
  afterEach(async () => {
    strange.closeAllConnections();
    await new Promise((resolve) => strange.close(resolve));
  });

  it.each<[string, RequestListener]>([['never answers', () => undefined]])(
    '%s: 503 within seconds, however many ask',
    async (_, listener) => {
      await startWith(listener);
      const startedAt = realNow();
      for (const answer of await Promise.all(Array.from({ length: 20 }, () => patch()))) {
        expectUnavailable(answer);
      }
      expect(realNow() - startedAt).toBeLessThan(6_000);
      const again = realNow();
      expectUnavailable(await patch());
      expect(realNow() - again).toBeLessThan(6_000);
      expect((await bff.send('GET', '/health/ready', undefined, { Authorization: '' })).status).toBe(503);
    },
  );

  it.each<[string, RequestListener]>([['null', (_request, response) => void response.end('null')]])(
    'answers with %s: 503',
    async (_, listener) => {
      await startWith(listener);
      expectUnavailable(await patch());
    },
  );

  it('refuses connections: the log says which host and why, the answer does not', async () => {
    await startWith(() => undefined);
    const { port } = strange.address() as AddressInfo;
    await new Promise((resolve) => strange.close(resolve));
    const { body } = await patch();
    const lines = bff.logs().split('\n');
    const line = lines.findLast((one) => one.includes('key set could not be loaded'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      host: `127.0.0.1:${port}`,
      error: { type: 'TypeError', cause: { code: 'ECONNREFUSED' } },
    });
    expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|ECONN/);
  });

  it('redirects: nobody follows', async () => {
    await startWith((request, response) => {
      if (request.url !== '/jwks') elsewhere.requests += 1;
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });
    expectUnavailable(await patch());
    expect(elsewhere.requests).toBe(0);
  });
});

/** Makes the service's key set what it is after a start: never loaded, and of that URL. */
function forgetKeys(url: string): void {
  const { app } = bff;
  Object.assign(
    app.get(KeySet),
    new KeySet(testConfig({ AUTH_JWKS_URL: url }), app.get(Clock), app.get(Metrics), app.get(LOGGER)),
  );
}

/** Moves the whole process's time on to so much after the test's beginning. */
function later(ms: number): void {
  ahead = aheadAtStart + ms;
}

async function patch(): Promise<TestAnswer> {
  return patchWith(idp.key);
}

async function patchWith(key: TestKey, kid = key.kid): Promise<TestAnswer> {
  return bff.patch(PATCH, { Authorization: `Bearer ${await idp.token({}, { key, header: { kid } })}` });
}

/** With a token that does not say which key signed it. */
async function patchNameless(key: TestKey): Promise<TestAnswer> {
  const token = await idp.token({}, { key, header: { kid: undefined } });
  return bff.patch(PATCH, { Authorization: `Bearer ${token}` });
}

/** A key as a provider without key ids shows it. */
function nameless(key: TestKey): TestKey {
  const { kid: _kid, ...jwk } = key.jwk;
  return { ...key, jwk };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = realNow() + 10_000;
  while (!(await condition())) if (realNow() > deadline) throw new Error('it never came to pass');
}

function expectUnavailable({ status, headers, body }: TestAnswer): void {
  expect(body).toEqual({
    type: 'urn:billing-bff:problem:identity-provider-unavailable',
    title: expect.any(String) as unknown,
    status: 503,
    detail: expect.any(String) as unknown,
    instance: expect.any(String) as unknown,
    code: 'INTERNAL_SERVER_ERROR',
    message: (body as { detail: string }).detail,
    request_id: headers.get('x-request-id'),
  });
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
  expect(headers.get('www-authenticate')).toBeNull();
}
