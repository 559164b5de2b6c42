import { patchRaw } from './support/raw-request.js';
import { startBff, type TestAnswer, type TestBff } from './support/start-bff.js';
import { CUSTOMER, TestUpstream } from './support/upstream.js';

let bff: TestBff;
let admin: Record<string, string>;
/** Answers with the customer, patched or not. */
let usual: TestUpstream['answer'];
/** Where no request may ever arrive. */
let elsewhere: TestUpstream;

beforeAll(async () => {
  elsewhere = await TestUpstream.start();
  bff = await startBff({ tenants: [{ id: 'acme', token: 'acme-1' }] });
  usual = bff.upstream.answer;
  const token = await bff.idp.token({ sub: 'operator', scope: 'tenants:admin', tenant_id: undefined });
  admin = { Authorization: `Bearer ${token}` };
});
beforeEach(() => {
  bff.upstream.requests.length = 0;
  bff.upstream.answer = usual;
});
afterEach(() => {
  expect(elsewhere.requests).toEqual([]);
});
afterAll(() => Promise.all([bff.stop(), elsewhere.stop()]));

const putUrl = (billing_api_url: string): Promise<TestAnswer> =>
  bff.send('PUT', '/api/v1/tenants/acme', { name: 'Acme', billing_api_url }, admin);
const sent = (prefix: string, methods: readonly string[]): string[] =>
  methods.map((method) => `${method} ${prefix}/api/v1/customers/${CUSTOMER.id}`);
const sentTo = (): string[] => bff.upstream.requests.map(({ method, url }) => `${method} ${url}`);

/** Like `bff.patch`, but the path travels as it is: fetch would resolve its dots. */
async function statusOfPath(path: string): Promise<number> {
  const headers = { authorization: `Bearer ${await bff.idp.token()}`, 'content-type': 'application/json' };
  return (await patchRaw(bff.url, path, { headers, body: '{"name":"A"}' })).status;
}

describe('a tenant’s billing_api_url', () => {
  // H stands for the allowed host and port, O for another one.
  const same: [string, string][] = [
    ['http://H', ''],
    ['http://H/', ''],
    ['HTTP://H/prefix//', '/prefix'],
    ['http:\\\\H\\prefix', '/prefix'],
    ['http:/H/prefix', '/prefix'],
    ['http://H/a/../b', '/b'],
    ['http://H/a/%2e%2e/%2E./b', '/b'],
    ['http://H/../../b', '/b'],
    ['http://H/a%2f..%2fb', '/a%2f..%2fb'],
    ['http://H/a/..;/b', '/a/..;/b'],
    ['http://H/a b', '/a%20b'],
    ['http://H//O/b', '//O/b'],
    ['http://H/@O', '/@O'],
    ['http://H/http://O', '/http://O'],
    ['http://127.1:PORT/b', '/b'],
  ];
  it.each(same)('%s keeps to its origin and its own path', async (address, prefix) => {
    expect((await putUrl(filled(address))).status).toBe(200);
    expect((await bff.patch({ name: 'A' })).status).toBe(200);
    expect(sentTo()).toEqual(sent(filled(prefix), ['GET', 'PATCH']));
  });

  const refused = [
    ...[
      'http://O',
      'http://O/H',
      'http://H@O',
      'http://H:x@O/',
      'http://O\\@H',
      'http://O#@H',
      'http://O?@H',
    ],
    ...['http://user@H', 'http://:x@H', 'https://H', 'ftp://H', 'ws://H', 'file://H/etc/passwd', 'data:,H'],
    ...[
      'javascript:H',
      'blob:http://H/x',
      '//H',
      'H',
      '/H',
      '?H',
      'http://',
      'http:',
      'http://H.O',
      'http://HO',
    ],
    ...['http://localhost:PORT', 'http://[::ffff:127.0.0.1]:PORT', 'http://127.0.0.1', 'http://127.0.0.1:0'],
    ...['http://H?', 'http://H/?', 'http://H#', 'http://H/#', 'http://H/prefix?', 'http://H/prefix#'],
    ...['http://H/?#', 'http://H?x', 'http://H#x', 'http://H/prefix?x=/', 'http://H/prefix#/x'],
  ];
  it.each(refused)('%s is refused and changes nothing', async (address) => {
    await putUrl(`${bff.upstream.url}/own`);
    const put = await putUrl(filled(address));
    expect(put.status).toBe(400);
    expect(put.body).toMatchObject({ errors: [{ pointer: '#/billing_api_url', code: 'not-allowed' }] });
    await bff.patch({ name: 'A' });
    expect(sentTo()).toEqual(sent('/own', ['GET', 'PATCH']));
  });

  function filled(address: string): string {
    const { host, port } = new URL(bff.upstream.url);
    const hosts: Record<string, string> = { H: host, O: new URL(elsewhere.url).host, PORT: port };
    return address.replace(/PORT|H(?!TTP)|(?<!P)O/g, (name) => hosts[name] ?? name);
  }
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with %i is followed nowhere', async (status) => {
    await putUrl(`${bff.upstream.url}/own`);
    for (const Location of [`${elsewhere.url}/x`, `//${new URL(elsewhere.url).host}/x`, '/x', 'x', '?x']) {
      bff.upstream.requests.length = 0;
      bff.upstream.answerWith(status, CUSTOMER, { Location, Refresh: `0; url=${elsewhere.url}` });
      const answer = await bff.patch({ name: 'A' });
      expect(answer.status).toBe(502);
      expect(answer.headers.get('Location') ?? '').not.toContain(Location);
      expect(sentTo()).toEqual(sent('/own', ['GET', 'PATCH', 'GET']));
    }
  });
});

describe('a customer reference', () => {
  const hostile = [
    ...[
      '..',
      '.',
      '%2e',
      '%2e%2e',
      '.%2E',
      '%252e%252e',
      '%252e%252e%252fx',
      '..%2f..%2fx',
      '..%5c..%5cx',
      '..;',
    ],
    ...[
      '..%3b',
      '...',
      '%ef%bc%8e%ef%bc%8e',
      '%e2%80%a4%e2%80%a4',
      '..%c0%afx',
      '..%00',
      '..%0d%0aHost:%20x',
      '..%09',
    ],
    ...[
      'a%3fb=1',
      'a%23b',
      'a%26b',
      'a%25',
      '@localhost',
      '%40localhost',
      'http:%2f%2flocalhost',
      'a:1@localhost',
    ],
    ...[
      '%2f%2flocalhost',
      '%5c%5clocalhost',
      '%20HTTP%2f1.1',
      '..%ff',
      '%e2%81%84..',
      '..%e2%88%95',
      '%u002e',
    ],
  ];
  it.each(hostile)('%s stays one segment below the prefix, or is not sent at all', async (segment) => {
    await putUrl(`${bff.upstream.url}/prefix`);
    const status = await statusOfPath(`/api/v1/customers/${segment}`);
    if (status !== 200) {
      expect([400, 404]).toContain(status);
      expect(sentTo()).toEqual([]);
      return;
    }
    // Read as the caller named it, patched by its id (U9).
    const [url = '', ...others] = bff.upstream.requests.map((request) => request.url);
    const last = /^\/prefix\/api\/v1\/customers\/([^/?#\\;]+)$/.exec(url)?.[1] ?? '';
    expect(decodeURIComponent(last)).toBe(decodeURIComponent(segment));
    expect(new URL(url, 'http://x').pathname).toBe(url);
    expect(others).toEqual([`/prefix/api/v1/customers/${CUSTOMER.id}`]);
    expect(bff.upstream.methods).toEqual(['GET', 'PATCH']);
  });
});
