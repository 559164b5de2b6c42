import fc from 'fast-check';
import * as faults from './support/faults.js';
import { CUSTOMER_PATH, startBff, type TestBff } from './support/start-bff.js';
import { answerJson, CUSTOMER } from './support/upstream.js';

let bff: TestBff;
let token: string;
beforeAll(async () => {
  bff = await startBff({ settings: { BILLING_API_TIMEOUT_MS: '1000' } });
  token = await bff.idp.token({ scope: 'customers:read customers:write' });
});
beforeEach(() => bff.forgetFailures());
afterAll(() => bff.stop());

let keys = 0;
const newKey = (): string => `numbers-${(keys += 1)}`;

/** The answer as it is on the wire: a parsed one has no `1.10`. */
async function textOf(method: string, path: string, body?: object, key?: string): Promise<string> {
  const response = await fetch(`${bff.url}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([200, text]);
  return text;
}

const patch = (name: string, key?: string): Promise<string> => textOf('PATCH', CUSTOMER_PATH, { name }, key);

/** With a member of each kind that may have more than is documented; `@` is where it is. */
const SHAPE = {
  ...CUSTOMER,
  name: 'Stored',
  custom_taxes: [{ name: 'a', tax_code: 'b', rate: '1', more: '@tax' }],
  billing_address: { city: 'Berlin', geo: '@address' },
  shipping_address: { same_as_billing: false, address: { city: 'Berlin', geo: '@shipping' }, more: '@both' },
  custom_properties: { a: '@nested', list: ['@item', [{ b: '@deep' }]] },
  credit: '@member',
  credits: ['@list'],
};
const PLACES = [...JSON.stringify(SHAPE).matchAll(/"(@\w+)"/g)].map(([, place = '']) => place);

const TOKENS = [
  ...['1e400', '-1e400', '1E400', '1e-400', '12345678901234567890', '-9007199254740993', '9007199254740993'],
  ...[
    '1.10',
    '1.0',
    '-1.0',
    '0.0',
    '-0',
    '-0.0',
    '1E5',
    '1e5',
    '1e05',
    '1e+5',
    '1e21',
    '1e+21',
    '1e-7',
    '1e-07',
  ],
  ...['0.0000001', '5e-324', '4.9e-324', '0.1000000000000000055511151231257827', '20.5', '0', '-1', '42'],
];

/** @param text of what stands at each place */
const answered = (text: (place: string) => string): string =>
  JSON.stringify(SHAPE).replace(/"(@\w+)"/g, (_match, place: string) => text(place));

const CUSTOMERS: [string, string][] = [
  ...TOKENS.map((number): [string, string] => [`${number} everywhere`, answered(() => number)]),
  ...PLACES.map((place): [string, string] => [
    `every number at ${place}`,
    answered((at) => (at === place ? `[${TOKENS.join(',')}]` : 'null')),
  ]),
  ['what looks like numbers in strings', answered(() => '["1.10",", 1.0,",":1e400}","\\",1.10,\\\\",-0]')],
];

const renamed = (text: string, name: string): string => text.replace('"name":"Stored"', `"name":"${name}"`);

/** How a customer reaches a caller: the whole answer, and what is expected, of a customer as the billing API has it. */
const WAYS: Record<string, (stored: string) => Promise<[string, string]>> = {
  async 'the answer of GET'(stored) {
    bff.upstream.answerWith(200, stored);
    return [await textOf('GET', CUSTOMER_PATH), stored];
  },
  async 'the list'(stored) {
    const list = `{"data":[${stored},${stored}],"pagination_meta":{"page":0,"per_page":10,"total_items":2,"total_pages":1,"more":1.10},"more":1e400}`;
    bff.upstream.answerWith(200, list);
    return [await textOf('GET', '/api/v1/customers'), list];
  },
  async 'the answer of PATCH'(stored) {
    bff.upstream.readAs(CUSTOMER, (_request, response) => {
      answerJson(response, 200, stored);
    });
    return [await patch('New'), stored];
  },
  async 'the answer of PATCH that changes nothing'(stored) {
    bff.upstream.answerWith(200, stored);
    return [await patch('Stored'), stored];
  },
  async 'the answer of PATCH that a read proves'(stored) {
    let sent = false;
    bff.upstream.answer = ({ method }, response) => {
      if (method === 'PATCH') sent = true;
      if (method === 'PATCH') faults.reset(response, {});
      else answerJson(response, 200, sent ? renamed(stored, 'New') : stored);
    };
    return [await patch('New'), renamed(stored, 'New')];
  },
  async 'the repeat of a kept answer'(stored) {
    const key = newKey();
    bff.upstream.readAs(CUSTOMER, (_request, response) => {
      answerJson(response, 200, stored);
    });
    await patch('New', key);
    bff.upstream.answerWith(500, {});
    return [await patch('New', key), stored];
  },
  async 'the repeat of an answer that was lost'(stored) {
    const key = newKey();
    bff.upstream.answerWith(200, stored);
    await patch('Stored', key);
    await bff.database.kysely
      .updateTable('idempotency_key')
      .set({ own_key: null, encrypted: null, held_until: new Date(0) })
      .execute();
    return [await patch('Stored', key), stored];
  },
  async 'a preview'(stored) {
    bff.upstream.answerWith(200, stored);
    const text = await textOf('POST', `${CUSTOMER_PATH}/preview`, { name: 'New' });
    const shown = JSON.parse(text) as object;
    const [head = '', tail = ''] = JSON.stringify({ ...shown, customer: '@' }).split('"@"');
    return [text, `${head}${renamed(stored, 'New')}${tail}`];
  },
};

describe.each(Object.keys(WAYS))('numbers that nobody documented, in %s', (name) => {
  const way = WAYS[name];

  it.each(CUSTOMERS)('are as they came: %s', async (_what, stored) => {
    const [text, expected] = (await way?.(stored)) ?? [];
    expect(text).toBe(expected);
  });

  it('and half a pair are each as anywhere else', async () => {
    const [text, expected] = (await way?.(answered(() => '["\\ud800",1.10]'))) ?? [];
    expect(text).toBe(expected?.replaceAll('\\ud800', '\ufffd'));
  });
});

it('rates stay text in decimal notation, beside numbers as they came', async () => {
  const text = answered(() => '1.10').replace('"rate":"1"', '"rate":20.50');
  bff.upstream.answerWith(200, text);
  expect(await textOf('GET', CUSTOMER_PATH)).toBe(text.replace('20.50', '"20.5"'));
});

it('a documented number that is written oddly is read as ever', async () => {
  const meta = '{"page":-0,"per_page":1e1,"total_items":0.0,"total_pages":1.0}';
  bff.upstream.answerWith(200, `{"data":[],"pagination_meta":${meta}}`);
  expect(await textOf('GET', '/api/v1/customers')).toBe(
    '{"data":[],"pagination_meta":{"page":0,"per_page":10,"total_items":0,"total_pages":1}}',
  );
});

it.each(['name', 'alias', 'invoicing_emails', 'billing_address', 'shipping_address', 'custom_taxes'])(
  'a number is no %s, however it is written',
  async (field) => {
    for (const number of ['1', '1.10']) {
      bff.upstream.answerWith(200, JSON.stringify({ ...CUSTOMER, [field]: '@' }).replace('"@"', number));
      const answer = await bff.send('GET', CUSTOMER_PATH, undefined, { Authorization: `Bearer ${token}` });
      expect(answer).toMatchObject({ status: 502, body: { type: 'urn:billing-bff:problem:billing-failed' } });
    }
  },
);

it.each([
  ['of the same name: the last counts', '"n":1.10,"n":{"a":1,"a":-0}', '"n":{"a":-0}'],
  ['named __proto__ is one like any other', '"__proto__":{"name":1.10,"__proto__":-0}', undefined],
  [
    'that are objects of a special name',
    '"toJSON":1.10,"constructor":{"prototype":1e400},"then":-0',
    undefined,
  ],
])('a member %s', async (_what, members, expected = members) => {
  const before = `${JSON.stringify(CUSTOMER).slice(0, -1)},`;
  bff.upstream.answerWith(200, `${before}${members}}`);
  expect(await textOf('GET', CUSTOMER_PATH)).toBe(`${before}${expected}}`);
  expect(await patch(CUSTOMER.name)).toBe(`${before}${expected}}`);
  expect(({} as Record<string, unknown>)['name']).toBe(undefined);
});

it('the ETag is the same however numbers beyond the contract are written', async () => {
  const tags = [];
  for (const number of ['1', '1.0', '1e400']) {
    bff.upstream.answerWith(
      200,
      answered(() => number),
    );
    const { headers } = await bff.send('GET', CUSTOMER_PATH, undefined, { Authorization: `Bearer ${token}` });
    tags.push(headers.get('etag'));
  }
  expect(new Set(tags).size).toBe(1);
});

it.each([
  ['members nested too deeply are left out', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, false],
  ['64 levels are not too deep', `${'['.repeat(64)}1.10${']'.repeat(64)}`, true],
  ['65 levels are too deep', `${'['.repeat(65)}1.10${']'.repeat(65)}`, false],
])('%s, beside numbers as they came', async (_what, deep, isShown) => {
  const before = `${JSON.stringify(CUSTOMER).slice(0, -1)},"note":1.10`;
  const text = `${before},"deep":${deep}}`;
  bff.upstream.answerWith(200, text);
  expect(await textOf('GET', CUSTOMER_PATH)).toBe(isShown ? text : `${before}}`);
});

it('whatever nobody documented has the numbers that it came with', async () => {
  const { json } = fc.letrec<{ json: string; value: string }>((tie) => ({
    json: fc
      .uniqueArray(fc.tuple(fc.string(), tie('value')), { selector: ([name]) => name, maxLength: 6 })
      // A name that is a whole number would change its place.
      .map(
        (members) =>
          `{${members.map(([name, value]) => `${JSON.stringify(`k${name}`)}:${value}`).join(',')}}`,
      ),
    value: fc.oneof(
      { maxDepth: 5 },
      fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,4})?$/),
      fc.constantFrom(...TOKENS),
      fc
        .string({ unit: fc.constantFrom(...Array.from('0123456789.eE+-,:[]{}"\\ \n')) })
        .map((text) => JSON.stringify(text)),
      fc.constantFrom('null', 'true', 'false'),
      fc.array(tie('value'), { maxLength: 6 }).map((items) => `[${items.join(',')}]`),
      tie('json'),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(json, async (extra) => {
      const text = `${JSON.stringify(CUSTOMER).slice(0, -1)},"extra":${extra}}`;
      bff.upstream.answerWith(200, text);
      expect(await textOf('GET', CUSTOMER_PATH)).toBe(text);
    }),
    { numRuns: 300 },
  );
});
