import { startBff, type TestBff } from './support/start-bff.js';
import { pointersOf } from './support/test-answer.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };

/** Four bytes in UTF-8, two units in UTF-16, one character. */
const ASTRAL = '😀';
const LONE_HIGH = '\ud83d';
const LONE_LOW = '\ude00';
const NOT_PLAIN: Record<string, string> = {
  'a NUL': '\u0000',
  'a tab': '\t',
  'a line feed': '\n',
  'a carriage return': '\r',
  'an escape': '\u001b',
  'a DEL': '\u007f',
  'a NEL': '\u0085',
  'a C1 control': '\u009f',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a lone high surrogate': LONE_HIGH,
  'a lone low surrogate': LONE_LOW,
  'surrogates in the wrong order': LONE_LOW + LONE_HIGH,
  'an override of the direction': '\u202e',
  'an embedded direction': '\u202a',
};
const JSON_TYPES: Record<string, unknown> = {
  null: null,
  number: 1,
  text: 'text',
  boolean: true,
  list: [],
  'nested list': [[]],
  object: {},
  'list of an object': [{}],
};

/** Every JSON type but those; each is refused at the field itself. */
function otherThan(...types: (keyof typeof JSON_TYPES)[]): Record<string, Refused> {
  const others = Object.entries(JSON_TYPES).filter(([type]) => !types.includes(type));
  return Object.fromEntries(others.map(([type, value]) => [`${type} instead`, { value }]));
}

/** The character that is not plain at the start, within and at the end of a good value. */
function withNotPlain(good: string): Record<string, Refused> {
  const examples = Object.entries(NOT_PLAIN).flatMap(([what, character]): [string, Refused][] => [
    [`${what} at the start`, { value: character + good }],
    [`${what} within`, { value: good.slice(0, 1) + character + good.slice(1) }],
    [`${what} at the end`, { value: good + character }],
  ]);
  return Object.fromEntries(examples);
}

interface Refused {
  readonly value: unknown;
  /** Below the field; the field itself unless it is said. */
  readonly at?: readonly string[];
}

interface Row {
  readonly accepted: Record<string, unknown>;
  readonly refused: Record<string, Refused>;
}

const longEmail = (length: number): string => {
  const domain = `${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(length - 198)}.test`;
  return `${'a'.repeat(64)}@${domain}`;
};
const TAX = { name: 'City tax', tax_code: 'CITY', rate: '20.5' };
const withoutRate = { name: TAX.name, tax_code: TAX.tax_code };
const taxOf = (rate: unknown): unknown => [{ ...TAX, rate }];

const EMAIL_TEXTS: Record<string, string> = {
  empty: '',
  'no @': 'billing.acme.test',
  'two @': 'a@b@acme.test',
  'no local part': '@acme.test',
  'no domain': 'billing@',
  'a space in it': 'bil ling@acme.test',
  'a space behind it': 'billing@acme.test ',
  'a display name': 'Billing <billing@acme.test>',
  'two addresses': 'a@acme.test, b@acme.test',
  'a zero width space behind it': 'billing@acme.test\u200b',
  'a soft hyphen': 'bil\u00adling@acme.test',
  '255 characters': longEmail(255),
  ...Object.fromEntries(
    Object.entries(NOT_PLAIN).map(([what, character]) => [what, `bil${character}ling@acme.test`]),
  ),
};

const ADDRESS_LINES = ['line1', 'line2', 'city', 'state', 'zip_code'];
const ADDRESS_EXAMPLES: Row = {
  accepted: {
    'no field': {},
    'one field': { city: 'Berlin' },
    'every line empty': Object.fromEntries(ADDRESS_LINES.map((line) => [line, ''])),
    'every line with 255 characters': Object.fromEntries(
      ADDRESS_LINES.map((line) => [line, ASTRAL.repeat(255)]),
    ),
    'white space around': { line1: '  Main Street 1  ', city: ' ' },
    'a country': { country: 'DE' },
    Kosovo: { country: 'XK' },
  },
  refused: {
    ...Object.fromEntries(
      [...ADDRESS_LINES, 'country'].flatMap((line): [string, Refused][] => [
        [`null as ${line}`, { value: { [line]: null }, at: [line] }],
        [`a number as ${line}`, { value: { [line]: 1 }, at: [line] }],
        [`a list as ${line}`, { value: { [line]: ['x'] }, at: [line] }],
        [`an object as ${line}`, { value: { [line]: {} }, at: [line] }],
      ]),
    ),
    ...Object.fromEntries(
      ADDRESS_LINES.flatMap((line): [string, Refused][] => [
        [`256 characters as ${line}`, { value: { [line]: ASTRAL.repeat(256) }, at: [line] }],
        ...Object.entries(NOT_PLAIN).map(([what, character]): [string, Refused] => [
          `${what} in ${line}`,
          { value: { [line]: `a${character}b` }, at: [line] },
        ]),
      ]),
    ),
    'a country in lower case': { value: { country: 'de' }, at: ['country'] },
    'a country of three letters': { value: { country: 'DEU' }, at: ['country'] },
    'an empty country': { value: { country: '' }, at: ['country'] },
    'a country that is none': { value: { country: 'UK' }, at: ['country'] },
    'a country with a line break': { value: { country: 'DE\n' }, at: ['country'] },
    'an unknown field': { value: { line3: 'x' }, at: ['line3'] },
    'a field of another object': { value: { same_as_billing: true }, at: ['same_as_billing'] },
  },
};

/** The rows of "The patch body". */
const TABLE: Record<string, Row> = {
  name: {
    accepted: {
      'one character': 'A',
      '255 characters': 'a'.repeat(255),
      '255 astral characters': ASTRAL.repeat(255),
      'white space around, mixed case': '  Acme GmbH\u00a0 ',
      'decomposed accents': 'Cafe\u0301',
      'a joiner within': '\u0646\u0645\u0627\u06cc\u200c\u0647\u0627',
      'markup and quotes': `<b>"O'Hara" & \\ Søns</b> \ufeff`,
    },
    refused: {
      ...otherThan('text'),
      ...withNotPlain('Acme GmbH'),
      empty: { value: '' },
      'spaces only': { value: '   ' },
      'other white space only': { value: '\u00a0\u2003\u3000' },
      'nothing that anybody sees': { value: '\u200b\u3164' },
      '256 characters': { value: 'a'.repeat(256) },
      '256 astral characters': { value: ASTRAL.repeat(256) },
    },
  },
  alias: {
    accepted: {
      'one character': 'a',
      '255 characters': 'a'.repeat(255),
      '255 astral characters': ASTRAL.repeat(255),
      'three dots': '...',
      'dots within': 'a..b',
      'an id’s prefix within': 'a-cus_1',
      'an id’s prefix in capitals': 'CUS_1',
      'cus alone': 'cus',
      'reserved characters': "a?b#c%2Fd&e=f+g;h:i@j!k'l(m)*n",
      'mixed case': 'Acme-Berlin_1',
    },
    refused: {
      ...otherThan('text'),
      ...withNotPlain('acme'),
      empty: { value: '' },
      'a space': { value: 'acme berlin' },
      'a space behind': { value: 'acme ' },
      'a no-break space': { value: 'acme\u00a0berlin' },
      'an ideographic space': { value: 'acme\u3000berlin' },
      'a slash': { value: 'acme/berlin' },
      'a backslash': { value: 'acme\\berlin' },
      'a zero width joiner': { value: 'ac\u200dme' },
      'a filler': { value: 'acme\u3164' },
      'one dot': { value: '.' },
      'two dots': { value: '..' },
      'an id': { value: 'cus_7n42DGM5Tflk9n8mt7Fhc7' },
      'an id’s prefix': { value: 'cus_' },
      'an id’s prefix and what is no id': { value: 'cus_-!' },
      '256 characters': { value: 'a'.repeat(256) },
      '256 astral characters': { value: ASTRAL.repeat(256) },
    },
  },
  billing_email: {
    accepted: {
      plain: 'billing@acme.test',
      short: 'a@b.co',
      'a tag and dots': 'first.last+invoices@mail.acme.test',
      'mixed case': 'Billing@Acme.Test',
      '254 characters': longEmail(254),
    },
    refused: {
      ...otherThan(),
      ...Object.fromEntries(Object.entries(EMAIL_TEXTS).map(([what, value]) => [what, { value }])),
    },
  },
  invoicing_emails: {
    accepted: {
      none: [],
      one: ['a@acme.test'],
      'the same twice': ['a@acme.test', 'a@acme.test'],
      '100 in their order': Array.from({ length: 100 }, (_, index) => `user${100 - index}@acme.test`),
      '254 characters': [longEmail(254)],
    },
    refused: {
      ...otherThan('list', 'nested list', 'list of an object'),
      '101': { value: Array.from({ length: 101 }, (_, index) => `user${index}@acme.test`) },
      'null within': { value: ['a@acme.test', null], at: ['1'] },
      'a number within': { value: [1], at: ['0'] },
      'a list within': { value: [['a@acme.test']], at: ['0'] },
      'an object within': { value: [{}], at: ['0'] },
      ...Object.fromEntries(
        Object.entries(EMAIL_TEXTS).map(([what, value]) => [
          `${what} within`,
          { value: ['a@acme.test', value], at: ['1'] },
        ]),
      ),
    },
  },
  phone: {
    accepted: {
      'three digits': '112',
      international: '+49 (30) 123-456',
      'dots and slashes': '030/123.456',
      '32 characters': '+'.padEnd(32, '1'),
      'an extension with x': '+49 30 123456 x7',
      'an extension with ext': '+49 30 123456 ext 12',
      'an extension with ext.': '+49 30 123456 ext. 12',
      'an extension with #': '+49 30 123456 #7',
      'an extension in words': '+1 415 555 0100 extension 12',
      'an extension as RFC 3966 has it': '+14155550100;ext=12',
      'spaces around': ' 112 ',
    },
    refused: {
      ...otherThan(),
      ...withNotPlain('+49 30 123456'),
      empty: { value: '' },
      'two digits': { value: '12' },
      'two digits among signs': { value: '+(1) - 2' },
      'no digit': { value: '+--' },
      '33 characters': { value: '+'.padEnd(33, '1') },
      letters: { value: '0800 ACME' },
      'another parameter': { value: '+14155550100;isub=12' },
      'an extension alone': { value: 'x123' },
      'other digits': { value: '٠١٢٣٤٥' },
      'a no-break space': { value: '030\u00a0123456' },
    },
  },
  currency: {
    accepted: { 'the first': 'AED', common: 'EUR', 'the last': 'ZWL' },
    refused: {
      ...otherThan(),
      'lower case': { value: 'eur' },
      'white space around': { value: ' EUR' },
      'a line break': { value: 'EUR\n' },
      empty: { value: '' },
      'none of the 159': { value: 'XXX' },
      'a member that every object has': { value: 'constructor' },
    },
  },
  invoicing_entity_id: {
    accepted: {
      'one character': 'ive_1',
      '22 characters': `ive_${'Az9'.padEnd(22, '0')}`,
    },
    refused: {
      ...otherThan(),
      'nothing behind the prefix': { value: 'ive_' },
      '23 characters': { value: `ive_${'1'.repeat(23)}` },
      'another prefix': { value: 'cus_1' },
      'a prefix in capitals': { value: 'IVE_1' },
      'another sign': { value: 'ive_a-b' },
      'another letter': { value: 'ive_é' },
      'a line break': { value: 'ive_1\n' },
      'white space before': { value: ' ive_1' },
    },
  },
  is_tax_exempt: {
    accepted: { true: true, false: false },
    refused: {
      ...otherThan('boolean'),
      'true as text': { value: 'true' },
      zero: { value: 0 },
      'empty text': { value: '' },
    },
  },
  vat_number: {
    accepted: {
      'two letters': 'DE',
      'two digits apart': '1 - 2',
      'every sign': 'a.1-2/3*4+5 Z',
      'a Mexican RFC': 'A&B010101AB9',
      'a Mexican RFC with Ñ': 'Ññ 1',
      '32 characters': 'DE'.padEnd(32, '1'),
      'white space around, lower case': ' de123456789 ',
    },
    refused: {
      ...otherThan('text'),
      ...withNotPlain('DE123456789'),
      empty: { value: '' },
      'one letter': { value: 'D' },
      'one digit among signs': { value: '-1-' },
      'signs only': { value: ' .-/*+' },
      '33 characters': { value: 'DE'.padEnd(33, '1') },
      'another letter': { value: 'DÉ123' },
      'another sign': { value: 'DE_123' },
      'other digits': { value: 'DE١٢٣' },
    },
  },
  custom_taxes: {
    accepted: {
      none: [],
      one: [TAX],
      '50 in their order': Array.from({ length: 50 }, (_, index) => ({ ...TAX, name: `Tax ${50 - index}` })),
      'texts of one character': [{ name: 'a', tax_code: 'b', rate: '0' }],
      'texts of 255 characters': [{ name: ASTRAL.repeat(255), tax_code: 'é'.repeat(255), rate: '100' }],
      'a rate of 0.0': taxOf('0.0'),
      'a rate of 100.000': taxOf('100.000'),
      'a rate with zeros in front': taxOf('007.50'),
      'a rate of 28 digits': taxOf(`0.${'1'.repeat(27)}`),
      'a rate of 28 digits that is 100': taxOf(`100.${'0'.repeat(25)}`),
      'a rate that no float holds': taxOf('20.123456789012345678901234'),
    },
    refused: {
      ...otherThan('list', 'nested list', 'list of an object'),
      '51': { value: Array.from({ length: 51 }, () => TAX) },
      'null within': { value: [TAX, null], at: ['1'] },
      'text within': { value: ['x'], at: ['0'] },
      'a number within': { value: [7], at: ['0'] },
      'a list within': { value: [[]], at: ['0'] },
      'a list of taxes within': { value: [[TAX]], at: ['0'] },
      'no name': { value: [{ tax_code: 'a', rate: '1' }], at: ['0', 'name'] },
      'no code': { value: [{ name: 'a', rate: '1' }], at: ['0', 'tax_code'] },
      'no rate': { value: [TAX, withoutRate], at: ['1', 'rate'] },
      'null as name': { value: [{ ...TAX, name: null }], at: ['0', 'name'] },
      'null as code': { value: [{ ...TAX, tax_code: null }], at: ['0', 'tax_code'] },
      'null as rate': { value: taxOf(null), at: ['0', 'rate'] },
      'an unknown field': { value: [{ ...TAX, id: 1 }], at: ['0', 'id'] },
      'a blank name': { value: [{ ...TAX, name: ' ' }], at: ['0', 'name'] },
      'a code that nobody sees': { value: [{ ...TAX, tax_code: '\u200b' }], at: ['0', 'tax_code'] },
      'an empty name': { value: [{ ...TAX, name: '' }], at: ['0', 'name'] },
      'an empty code': { value: [{ ...TAX, tax_code: '' }], at: ['0', 'tax_code'] },
      'a name of 256 characters': { value: [{ ...TAX, name: ASTRAL.repeat(256) }], at: ['0', 'name'] },
      'a code of 256 characters': { value: [{ ...TAX, tax_code: 'a'.repeat(256) }], at: ['0', 'tax_code'] },
      ...Object.fromEntries(
        Object.entries(NOT_PLAIN).flatMap(([what, character]): [string, Refused][] => [
          [`${what} in a name`, { value: [{ ...TAX, name: `a${character}` }], at: ['0', 'name'] }],
          [`${what} in a code`, { value: [{ ...TAX, tax_code: `a${character}` }], at: ['0', 'tax_code'] }],
          [`${what} in a rate`, { value: taxOf(`1${character}`), at: ['0', 'rate'] }],
        ]),
      ),
      ...Object.fromEntries(
        [
          ...[20.5, 0, true, {}, ['1']],
          ...['', ' ', '-0', '-1', '+1', '1e1', '1E1', '.5', '5.', '1.2.3', '1,5', ' 1', '1 ', '0x10', 'NaN'],
          ...['Infinity', '٥', '100.1', '101', `100.${'0'.repeat(24)}1`, '9'.repeat(28)],
          ...[`0.${'1'.repeat(28)}`, '0'.repeat(29), `100.${'0'.repeat(26)}`],
        ].map((rate): [string, Refused] => [
          `a rate of ${JSON.stringify(rate)}`,
          { value: taxOf(rate), at: ['0', 'rate'] },
        ]),
      ),
    },
  },
  billing_address: {
    accepted: ADDRESS_EXAMPLES.accepted,
    refused: { ...otherThan('object'), ...ADDRESS_EXAMPLES.refused },
  },
  shipping_address: {
    accepted: {
      'the billing one': { same_as_billing: true },
      'another one without address': { same_as_billing: false },
      ...Object.fromEntries(
        Object.entries(ADDRESS_EXAMPLES.accepted).map(([what, address]) => [
          `an address with ${what}`,
          { same_as_billing: false, address },
        ]),
      ),
    },
    refused: {
      ...otherThan('object'),
      'no same_as_billing': { value: { address: {} }, at: ['same_as_billing'] },
      'nothing in it': { value: {}, at: ['same_as_billing'] },
      'null as same_as_billing': { value: { same_as_billing: null }, at: ['same_as_billing'] },
      'text as same_as_billing': { value: { same_as_billing: 'true' }, at: ['same_as_billing'] },
      'a number as same_as_billing': { value: { same_as_billing: 1 }, at: ['same_as_billing'] },
      'an unknown field': { value: { same_as_billing: true, city: 'Berlin' }, at: ['city'] },
      ...Object.fromEntries(
        Object.entries(otherThan('object')).map(([what, { value }]) => [
          `${what} of the address`,
          { value: { same_as_billing: false, address: value }, at: ['address'] },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(ADDRESS_EXAMPLES.refused).map(([what, { value, at = [] }]) => [
          `an address with ${what}`,
          { value: { same_as_billing: false, address: value }, at: ['address', ...at] },
        ]),
      ),
    },
  },
};

describe('a field of the patch body', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  describe.each(Object.entries(TABLE))('%s', (field, { accepted, refused }) => {
    it.each(Object.entries(accepted))('travels unchanged: %s', async (_what, value) => {
      const answer = await bff.patch({ [field]: value });

      expect(answer.status).toBe(200);
      expect(bff.upstream.requests.map(({ text }) => JSON.parse(text) as unknown)).toEqual([
        { [field]: value },
      ]);
    });

    it.each(Object.entries(refused))(
      'is refused at its place, nothing sent: %s',
      async (_what, { value, at = [] }) => {
        const answer = await bff.patch({ [field]: value });

        const requestId = answer.headers.get('x-request-id');
        const pointer = ['#', field, ...at].join('/');
        const detail = expect.any(String) as unknown;
        expect(answer).toEqual({
          status: 400,
          headers: answer.headers,
          body: {
            type: 'urn:billing-bff:problem:validation-failed',
            title: expect.any(String) as unknown,
            status: 400,
            detail,
            instance: expect.any(String) as unknown,
            code: 'BAD_REQUEST',
            message: detail,
            request_id: requestId,
            errors: [{ pointer, code: expect.any(String) as unknown, detail: expect.any(String) as unknown }],
          },
        });
        expect(bff.upstream.requests).toEqual([]);
      },
    );
  });

  it('is refused as a null wherever it stands, every place named at once', async () => {
    const answer = await bff.patch(Object.fromEntries(Object.keys(TABLE).map((field) => [field, null])));

    expect(answer.status).toBe(400);
    expect(pointersOf(answer).sort()).toEqual(
      Object.keys(TABLE)
        .map((field) => `#/${field}`)
        .sort(),
    );
    expect(bff.upstream.requests).toEqual([]);
  });
});
