import { randomInt } from 'node:crypto';
import { type Compare, comparer } from './support/described.js';
import { type FinalAnswer, finalAnswerIn, isParsed } from './support/fuzz/final-answer.js';
import { mayBeSent } from './support/fuzz/patch-rules.js';
import { Random } from './support/fuzz/random.js';
import { type FuzzRequest, idOf, requestFrom, TOKEN_IN_BODIES } from './support/fuzz/requests.js';
import { createKey, type TestIdentityProvider } from './support/identity-provider.js';
import { leaksIn } from './support/leaks.js';
import { openConnection } from './support/raw-request.js';
import { ACME_TOKEN, GLOBEX_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import { faultsOf } from './support/test-answer.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 5_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31));
const AT_ONCE = 8;
/** Milliseconds between two requests for the provider's keys. */
const COOL_DOWN = 5_000;
/** Milliseconds; no request of this file needs a tenth of it. */
const ANSWERED_WITHIN = 20_000;
/** Bytes: a body has at most 64 KiB, and a problem at most 100 faults. */
const MAX_PROBLEM = 128 * 1024;

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.stop());

it(
  `${REQUESTS} requests of seed ${SEED} (FUZZ_SEED repeats them) are answered as they should be`,
  async () => {
    bff.upstream.answer = (request, response) => {
      // Now and then it refuses, and repeats its secret.
      const told = { code: 'BAD_REQUEST', message: `refused: ${String(request.headers.authorization)}` };
      const patch = (request.text === '' ? {} : JSON.parse(request.text)) as object;
      if (request.text.length % 7 === 6) answerJson(response, 422, told);
      else if (/\/customers(\?|$)/.test(request.url)) answerJson(response, 200, LIST);
      else answerJson(response, 200, { ...CUSTOMER, id: idIn(request.url), ...patch });
    };
    const compare = comparer((await bff.send('GET', '/openapi.json')).body);
    const tokens = await tokensOf(bff.idp);
    const secrets = secretsOf(tokens);
    const faults: string[] = [];
    const spoken: string[] = [];
    const statuses: Record<string, number> = {};
    const bodies = new Map<string, Buffer>();
    const began = performance.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < REQUESTS && faults.length < 10) {
        const n = next++;
        const request = requestFrom(new Random(SEED, n), n, tokens);
        bodies.set(idOf(n), request.body);
        const final = await send(request);
        for (const fault of faultsIn(request, final, compare)) {
          faults.push(
            `${n}: ${fault}\n${request.bytes.toString('latin1').slice(0, 900)}\n${final?.text ?? ''}`,
          );
        }
        spoken.push(final?.text ?? '');
        const outcome = `${request.method} ${final?.answer.status ?? 'none'}`;
        statuses[outcome] = (statuses[outcome] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    faults.push(...faultsOfUpstream(bodies));
    faults.push(...leaksIn(spoken.join('\n'), secrets).map((secret) => `in an answer: ${secret}`));
    faults.push(...leaksIn(bff.logs(), secrets).map((secret) => `in the log: ${secret}`));
    expect(faults).toEqual([]);
    // It reached what it is about.
    for (const outcome of ['PATCH 200', 'PATCH 400', 'PATCH 401', 'PATCH 403', 'GET 200', 'GET 400']) {
      expect([outcome, (statuses[outcome] ?? 0) > REQUESTS / 500]).toEqual([outcome, true]);
    }
    // Tokens of unknown keys make the service ask for new ones at most every five seconds.
    expect(bff.idp.requests).toBeLessThan(10 + (performance.now() - began) / COOL_DOWN);
  },
  20_000 + REQUESTS * 12,
);

const LIST = {
  data: [CUSTOMER],
  pagination_meta: { page: 0, per_page: 10, total_items: 1, total_pages: 1 },
};

/** An alias leads to the one customer. */
const idIn = (url: string): string => /\/(cus_[^/?]*)/.exec(url)?.[1] ?? CUSTOMER.id;

/** The first is good for a patch. */
async function tokensOf(idp: TestIdentityProvider): Promise<[string, ...string[]]> {
  const stranger = await createKey('stranger');
  const everything =
    'customers:write customers:read audit:read audit:read:clear privacy:erase tenants:admin tenants:any';
  const made = await Promise.all([
    idp.token({ scope: everything }),
    ...[
      'customers:write',
      'customers:read',
      'customers:write:contact',
      'audit:read',
      'tenants:admin',
      '',
    ].map((scope) => idp.token({ scope })),
    ...['globex', 'initech', 'nobody', ['acme', 'globex'], { id: 'acme' }].map((tenant_id) =>
      idp.token({ tenant_id }),
    ),
    idp.token({}, { expiresIn: -600 }),
    idp.token({ aud: 'https://other.test' }),
    idp.token({}, { header: { typ: 'logout+jwt' } }),
    idp.token({}, { key: stranger }),
    idp.token({}, { header: { jku: 'http://evil.test/jwks' } }),
  ]);
  const [good, ...others] = made.map((token) => `Bearer ${token}`);
  const payload = good?.split('.')[1] ?? '';
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  return [
    good ?? '',
    ...others,
    `Bearer ${none}.${payload}.`,
    ...['Bearer', 'Bearer ..', 'Basic dTpw', String(good).toLowerCase(), `Bearer ${'x'.repeat(9_000)}`, ''],
  ];
}

function secretsOf(tokens: readonly string[]): string[] {
  const signatures = tokens
    .flatMap((token) => token.split('.')[2] ?? [])
    .filter((signature) => signature.length > 40);
  const { ENCRYPTION_KEYS = '', DATABASE_URL = '' } = bff.databaseSettings;
  const [, key = ''] = ENCRYPTION_KEYS.split(':');
  const settings = [key, DATABASE_URL].filter((secret) => secret !== '');
  return [ACME_TOKEN, GLOBEX_TOKEN, TOKEN_IN_BODIES, ...settings, ...signatures];
}

async function send({ bytes, method }: FuzzRequest): Promise<FinalAnswer | undefined> {
  const socket = await openConnection(bff.url);
  const tooLong = setTimeout(() => socket.destroy(), ANSWERED_WITHIN);
  const chunks: Buffer[] = [];
  try {
    socket.write(bytes);
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch {
    // What came before the end is what counts.
  } finally {
    clearTimeout(tooLong);
    socket.destroy();
  }
  return finalAnswerIn(Buffer.concat(chunks), method);
}

function faultsIn(request: FuzzRequest, final: FinalAnswer | undefined, compare: Compare): string[] {
  if (final === undefined) return ['no answer'];
  const { answer, text, behind } = final;
  const { status, headers } = answer;
  const faults: string[] = [];
  if (behind !== '') faults.push(`more than one answer: ${behind.slice(0, 200)}`);
  if (status >= 500) faults.push(`answered ${status}`);
  if (status >= 400 && headers.get('content-type')?.startsWith('application/problem+json') !== true) {
    faults.push(`${status} without a problem document`);
  }
  if (!headers.has('x-request-id')) faults.push('no X-Request-Id');
  if (status >= 400 && text.length > MAX_PROBLEM) faults.push('a huge problem');
  if (answer.body !== undefined && faultsOf(answer).length > 100) faults.push('too many faults');
  // What could not be parsed as a request has no path that the description could know.
  if (isParsed(headers) && request.method !== 'OPTIONS')
    faults.push(...compare(request.method, pathOf(request.target), answer));
  return faults;
}

/** Of a target that may be a whole URL, have a fragment, or end in the space before the version, as it is read. */
const pathOf = (target: string): string => target.replace(/^http:\/\/[^/]*/, '').replace(/[?# ].*/, '');

/** What the billing API was asked is valid, wanted, and little. */
function faultsOfUpstream(bodies: ReadonlyMap<string, Buffer>): string[] {
  const asked = new Map<string, number>();
  const faults: string[] = [];
  for (const { method, headers, text } of bff.upstream.requests) {
    const id = String(headers['x-request-id']);
    asked.set(id, (asked.get(id) ?? 0) + 1);
    if (method !== 'PATCH') continue;
    if (!mayBeSent(Buffer.from(text))) faults.push(`sent for ${id}: ${text.slice(0, 500)}`);
    const body = bodies.get(id);
    if (body !== undefined && !mayBeSent(body))
      faults.push(`sent for ${id}, asked with ${body.toString().slice(0, 500)}`);
    if (id === 'smuggled') faults.push('a smuggled patch was sent');
  }
  const busy = [...asked].filter(([id, count]) => bodies.has(id) && count > 4);
  return [...faults, ...busy.map(([id, count]) => `${id} asked the billing API ${count} times`)];
}
