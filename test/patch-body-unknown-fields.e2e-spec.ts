import { startBff, type TestBff } from './support/start-bff.js';
import { pointersOf } from './support/test-answer.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

/** Names that every object has, or that a careless copy takes for its prototype. */
const INHERITED = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON', 'then'],
  ...['isPrototypeOf', '__defineGetter__', '__lookupSetter__', '__parentArray'],
];
const OTHER = ['id', 'Name', 'name ', 'billingEmail', 'connected_account_id', '0', '$where', '__esModule'];
const NAMES = [...INHERITED, ...OTHER];

/** Where a key can stand, as JSON text around it. */
const PLACES: [place: string, pointer: string, text: (member: string) => string][] = [
  ['in the body', '#', (member) => `{"name":"a",${member}}`],
  ['in an address', '#/billing_address', (member) => `{"billing_address":{"city":"a",${member}}}`],
  [
    'in a shipping address',
    '#/shipping_address',
    (member) => `{"shipping_address":{"same_as_billing":true,${member}}}`,
  ],
  [
    'in the address of a shipping address',
    '#/shipping_address/address',
    (member) => `{"shipping_address":{"same_as_billing":false,"address":{${member}}}}`,
  ],
  [
    'in a tax',
    '#/custom_taxes/1',
    (member) =>
      `{"custom_taxes":[{"name":"a","tax_code":"b","rate":"1"},{"name":"a","tax_code":"b","rate":"1",${member}}]}`,
  ],
];
const VALUES = [
  '"text"',
  'null',
  '{}',
  '[]',
  '{"prototype":{"name":"a"}}',
  '{"name":"a"}',
  '[{"is_tax_exempt":true}]',
];

describe('an unknown field', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  describe.each(PLACES)('%s', (_place, parent, textWith) => {
    it.each(NAMES)('is refused whatever its value, nothing sent: %s', async (name) => {
      for (const value of VALUES) {
        const text = textWith(`${JSON.stringify(name)}:${value}`);
        const answer = await bff.patch(text);

        expect([text, answer.status]).toEqual([text, 400]);
        expect(pointersOf(answer)).toContain(`${parent}/${encodeURI(name)}`);
      }
      expect(bff.upstream.requests).toEqual([]);
    });

    it('is named together with every other one and every other fault', async () => {
      const members = NAMES.map((name) => `${JSON.stringify(name)}:1`).join(',');
      const answer = await bff.patch(textWith(members));

      expect(answer.status).toBe(400);
      expect(pointersOf(answer).sort()).toEqual(NAMES.map((name) => `${parent}/${encodeURI(name)}`).sort());
      expect(bff.upstream.requests).toEqual([]);
    });
  });

  it.each([
    ['constructor.prototype', '{"name":"a","x":{"constructor":{"prototype":{"polluted":true}}}}'],
    ['constructor in text’s place', '{"name":{"constructor":{"prototype":{"polluted":true}}}}'],
    ['constructor in an e-mail address’s place', '{"invoicing_emails":[{"constructor":1}]}'],
    ['constructor in a boolean’s place', '{"is_tax_exempt":{"constructor":null}}'],
    ['constructor alone in a list of an unknown field', '{"name":"a","x":[{"constructor":"Object"}]}'],
    ['__proto__', '{"name":"a","x":[{"__proto__":{"polluted":true}}]}'],
    [
      '__proto__ in a list of e-mail addresses',
      '{"name":"a","invoicing_emails":[{"__proto__":{"polluted":true}}]}',
    ],
    ['__proto__ in text’s place', '{"name":{"__proto__":{"polluted":true}}}'],
    ['__proto__ of a required field’s object', '{"shipping_address":{"__proto__":{"same_as_billing":true}}}'],
    ['the only key __proto__', '{"__proto__":{"name":"a"}}'],
    ['an escaped __proto__', '{"name":"a","\\u005f_proto__":{"polluted":true}}'],
  ])('pollutes nothing, wherever it stands: %s', async (_what, text) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(400);
    expect(pointersOf(answer).length).toBeGreaterThan(0);
    expect('polluted' in {}).toBe(false);
    expect(bff.upstream.requests).toEqual([]);
  });

  it.each([
    ['a slash and a tilde', 'a/b~c', '#/a~1b~0c'],
    ['no character', '', '#/'],
    // RFC 6901, section 6: what a fragment can't hold is percent-encoded.
    ['a space, a per cent sign and an umlaut', 'a %ü', '#/a%20%25%C3%BC'],
  ])('is named by an RFC 6901 pointer in a URI fragment: %s', async (_what, name, pointer) => {
    const answer = await bff.patch({ name: 'a', [name]: 1 });

    expect(answer.status).toBe(400);
    expect(pointersOf(answer)).toEqual([pointer]);
  });

  it.each([
    ['a lone surrogate', '{"name":"a","\\ud800":1}'],
    ['a NUL', '{"name":"a","\\u0000":1}'],
    ['a line break', '{"name":"a","\\n":1}'],
    ['50,000 characters', `{"name":"a","${'x'.repeat(50_000)}":1}`],
  ])('is refused also with a name of %s', async (_what, text) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(400);
    expect(pointersOf(answer)).toHaveLength(1);
    expect(bff.upstream.requests).toEqual([]);
  });
});

describe('a key that stands twice', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  it.each([
    ['the last of two good ones', '{"name":"a","name":"b"}', { name: 'b' }],
    ['a good one behind a bad one', '{"name":null,"name":"b"}', { name: 'b' }],
    [
      'one within an address',
      '{"billing_address":{"city":1,"city":"b"}}',
      { billing_address: { city: 'b' } },
    ],
    [
      'the last of two objects, not both together',
      '{"billing_address":{"city":"a"},"billing_address":{"line1":"b"}}',
      { billing_address: { line1: 'b' } },
    ],
  ])('counts as its last: %s', async (_what, text, sent) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(200);
    expect(bff.upstream.requests.map((request) => JSON.parse(request.text) as unknown)).toEqual([sent]);
  });

  it.each([
    ['null', '{"name":"a","name":null}', '#/name'],
    ['another type', '{"billing_address":{"city":"a"},"billing_address":[]}', '#/billing_address'],
  ])('is refused when its last is bad: %s', async (_what, text, pointer) => {
    const answer = await bff.patch(text);

    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ errors: [{ pointer }] });
    expect(bff.upstream.requests).toEqual([]);
  });
});
