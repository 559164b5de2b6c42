import { randomBytes } from 'node:crypto';
import { dumpOf, leaksIn } from './support/leaks.js';
import { ACME_TOKEN, startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER, type TestUpstream } from './support/upstream.js';

type Answer = TestUpstream['answer'];

let bff: TestBff;
beforeEach(() => bff.forgetFailures());
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '300' } });
});
afterAll(() => bff.stop());

const ALIAS_PATH = (alias: string): string => `/api/v1/customers/${encodeURIComponent(alias)}`;

/** Repeats all it got in every place that an answer has. */
const echo =
  (status: number): Answer =>
  ({ text, headers, url }, response) => {
    const told = `${url} ${String(headers.authorization)} ${text}`;
    answerJson(
      response,
      status,
      { code: status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST', message: told, details: told },
      { 'X-Told': 'x' },
    );
  };

const ENDS: [string, number, Answer][] = [
  [
    'applied',
    200,
    ({ text }, response) => {
      answerJson(response, 200, { ...CUSTOMER, ...(JSON.parse(text) as object), unknown_member: text });
    },
  ],
  ['refused with 400', 400, echo(400)],
  ['refused with 422', 400, echo(422)],
  [
    'refused in plain text',
    400,
    ({ text }, response) => {
      response.writeHead(422, { 'Content-Type': 'text/plain' }).end(`invalid value: ${text}`);
    },
  ],
  ['token not accepted', 502, echo(401)],
  ['forbidden', 502, echo(403)],
  ['not found', 404, echo(404)],
  ['in conflict', 409, echo(409)],
  ['too many', 429, echo(429)],
  ['failed', 502, echo(500)],
  ['bad gateway', 502, echo(502)],
  [
    'redirected',
    502,
    ({ text }, response) => {
      response.writeHead(307, { Location: `/?${encodeURIComponent(text)}` }).end();
    },
  ],
  ['answered with nonsense', 502, ({ text }, response) => void response.end(`{${text}`)],
  [
    'answered with another shape',
    502,
    ({ text }, response) => {
      answerJson(response, 200, { data: text });
    },
  ],
  [
    'answered with broken HTTP',
    502,
    ({ text }, response) => void response.socket?.end(`HTTP/9 ${text}\r\n\r\n`),
  ],
  ['cut off', 502, (_request, response) => void response.socket?.destroy()],
  ['timed out', 504, () => undefined],
];

describe.each(ENDS)('a patch that is %s', (end, status, answer) => {
  // What is answered to a patch that went well is no answer to a read.
  it.each(['by id', 'by alias', ...(end === 'applied' ? [] : ['by id and to the reads'])])(
    '%s leaves no value and no token in the log or the database',
    async (how) => {
      const { patch, values } = uniquePatch();
      const { patch: before, values: valuesBefore } = uniquePatch();
      if (how === 'by id and to the reads') bff.upstream.answer = answer;
      else bff.upstream.readAs({ ...CUSTOMER, ...before }, answer);
      const alias = `ref-${unique()}`;
      const token = await bff.idp.token();
      const path = ALIAS_PATH(how === 'by alias' ? alias : CUSTOMER.id);
      const got = await bff.send('PATCH', path, patch, {
        Authorization: `Bearer ${token}`,
        Cookie: `c=${alias}-c`,
      });
      expect(got.status).toBe(status);
      await bff.events(2);
      const secrets = [...values, ...valuesBefore, alias, ...partsOf(token), ACME_TOKEN];
      await expectNowhere(secrets);
      if (status >= 500) expectNotIn(JSON.stringify(got.body), secrets);
      expectNotIn(JSON.stringify([got.body, ...got.headers]), [ACME_TOKEN, ...partsOf(token)]);
    },
  );
});

describe('a request that is refused', () => {
  beforeEach(() => {
    bff.upstream.answer = echo(400);
  });

  const refusals: [string, (values: Record<string, unknown>) => unknown][] = [
    ['for values that do not fit', (patch) => spoilt(patch)],
    ['for a member that is not known', (patch) => ({ ...patch, [`x-${unique()}`]: unique() })],
    ['for JSON that breaks off', (patch) => JSON.stringify(patch).slice(0, -1)],
    ['for its size', (patch) => ({ ...patch, name: `${String(patch['name'])}${'x'.repeat(70_000)}` })],
    [
      'for bytes that are not UTF-8',
      (patch) => Buffer.concat([Buffer.from(JSON.stringify(patch)), Buffer.from([0xff])]),
    ],
    ['for a prototype key', (patch) => `{"__proto__":${JSON.stringify(patch)}}`],
    ['for being a list', (patch) => [patch]],
  ];
  it.each(refusals)('%s leaves no value in the log or the database', async (_, bodyOf) => {
    const { patch, values } = uniquePatch();
    const body = bodyOf(patch);
    const alias = `ref-${unique()}`;
    const sent = bff.upstream.requests.length;
    const got = await bff.send('PATCH', ALIAS_PATH(alias), body);
    expect({ status: got.status, body: got.body }).toMatchObject({
      status: expect.any(Number) as unknown,
      body: { code: 'BAD_REQUEST' },
    });
    expect(bff.upstream.requests.slice(sent)).toEqual([]);
    const more = typeof body === 'string' || Buffer.isBuffer(body) ? [] : leaves(body).filter(isNoCode);
    await expectNowhere([...values, ...more, alias]);
  });

  it('for its token, its scope or its tenant keeps none of it', async () => {
    const { patch, values } = uniquePatch();
    for (const claims of [
      { exp: 1 },
      { scope: '' },
      { tenant_id: 'globex', aud: 'x' },
      { tenant_id: undefined },
    ]) {
      const token = await bff.idp.token(claims);
      const got = await bff.patch(patch, { Authorization: `Bearer ${token}` });
      expect([401, 403]).toContain(got.status);
      await expectNowhere([...values, ...partsOf(token)]);
    }
  });

  it('for a path that leads nowhere keeps none of it', async () => {
    const secret = unique();
    for (const path of [
      `/api/v1/${secret}`,
      `/api/v1/customers/${secret}/x`,
      `/%zz${secret}`,
      `/x?token=${secret}`,
    ]) {
      expect((await bff.send('GET', path)).status).toBeGreaterThanOrEqual(400);
    }
    await expectNowhere([secret]);
  });
});

it('a database that fails while it stores a patch says nothing of it in the log', async () => {
  const { patch, values } = uniquePatch();
  const executor = bff.database.kysely.getExecutor();
  const fault = jest.spyOn(executor, 'executeQuery').mockImplementation((query) => {
    const error = Object.assign(
      new Error(`failed: ${JSON.stringify(query.parameters)} ${JSON.stringify(patch)}`),
      {
        code: 'XX000',
        detail: JSON.stringify(patch),
        query: JSON.stringify(patch),
      },
    );
    return Promise.reject(error);
  });
  bff.upstream.readAs(CUSTOMER, () => undefined);
  const got = await bff.patch(patch);
  fault.mockRestore();
  expect(got.status).toBe(503);
  expectNotIn(bff.logs(), values);
  expectNotIn(JSON.stringify(got.body), values);
});

it('nor was any of it written later', async () => {
  const written = bff.logs() + (await dumpOf(bff.database));
  expect(all.length).toBeGreaterThan(1_000);
  expect(all.filter((secret) => secret.length > 4 && written.includes(secret))).toEqual([]);
});

it('the log does tell of these requests, so that the silence above means something', async () => {
  await bff.patch({ name: 'x' }, { 'X-Request-Id': 'seen-in-the-log' });
  expect(bff.logs()).toContain('seen-in-the-log');
  expect(await dumpOf(bff.database)).toContain('seen-in-the-log');
});

function unique(): string {
  return randomBytes(9).toString('hex');
}

/** Every field with a value that is nowhere else; the codes that the design shows in clear are left out of `values`. */
function uniquePatch(): { patch: Record<string, unknown>; values: string[] } {
  const digits = (): string => Array.from(randomBytes(12), (byte) => byte % 10).join('');
  const address = (): Record<string, string> => ({
    line1: unique(),
    line2: unique(),
    city: unique(),
    state: unique(),
    zip_code: unique(),
  });
  const personal = {
    name: `Name ${unique()}`,
    alias: `alias-${unique()}`,
    billing_email: `${unique()}@acme.test`,
    invoicing_emails: [`${unique()}@acme.test`, `${unique()}@acme.test`],
    phone: `+49 ${digits()}`,
    vat_number: `DE${digits()}`,
    billing_address: address(),
    shipping_address: { address: address() },
    custom_taxes: [{ name: unique(), tax_code: unique() }],
  };
  const patch = {
    ...personal,
    currency: 'EUR',
    invoicing_entity_id: 'ive_7n42DGM5Tflk9n8mt7Fhc7',
    is_tax_exempt: true,
    custom_taxes: personal.custom_taxes.map((tax) => ({ ...tax, rate: '20.5' })),
    billing_address: { ...personal.billing_address, country: 'DE' },
    shipping_address: {
      same_as_billing: false,
      address: { ...personal.shipping_address.address, country: 'DE' },
    },
  };
  return { patch, values: leaves(personal) };
}

/** Each value too long, or otherwise impossible, and still recognisable. */
function spoilt(value: unknown): unknown {
  if (typeof value === 'string') return `${value}\n${'x'.repeat(300)}`;
  if (Array.isArray(value)) return value.map(spoilt);
  if (typeof value !== 'object' || value === null) return unique();
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, spoilt(member)]));
}

/** Such codes are shown in clear. */
function isNoCode(value: string): boolean {
  return !value.startsWith('ive_');
}

/** Every text of the value; its longest line where it has several. */
function leaves(value: unknown): string[] {
  if (typeof value === 'string') return value.length > 12 ? [value.split('\n')[0] ?? value] : [];
  if (typeof value !== 'object' || value === null) return [];
  const names = Array.isArray(value) ? [] : Object.keys(value).filter((name) => name.startsWith('x-'));
  return [...names, ...Object.values(value).flatMap(leaves)];
}

/** A token as a whole and what identifies it: its payload and its signature. */
function partsOf(token: string): string[] {
  return [token, ...token.split('.').slice(1)];
}

/** All values of the tests so far, how much of the log they were looked for in, and the rows. */
const all: string[] = [];
const searched = { logs: 0, rows: new Set<string>() };

/** Looks at what is new in the log and in the database: the values are not older. */
async function expectNowhere(secrets: readonly string[]): Promise<void> {
  // An answer can be sooner than its line, and a refusal is stored behind it: another request goes through both.
  await bff.patch({ name: 'Flush' }, { 'X-Request-Id': `after-${unique()}` });
  const rows = (await dumpOf(bff.database)).split('\n').filter((row) => !searched.rows.has(row));
  const logs = bff.logs();
  expectNotIn(logs.slice(searched.logs), secrets);
  expectNotIn(rows.join('\n'), secrets);
  all.push(...secrets);
  searched.logs = logs.length;
  for (const row of rows) searched.rows.add(row);
}

function expectNotIn(text: string, secrets: readonly string[]): void {
  // Codes and rates stand in clear: a country, 20.5.
  const telling = secrets.filter((secret) => secret.length > 4);
  expect(leaksIn(text, telling)).toEqual([]);
}
