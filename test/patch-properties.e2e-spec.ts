import fc from 'fast-check';
import { startBff, type TestBff } from './support/start-bff.js';
import { pointersOf } from './support/test-answer.js';
import { CUSTOMER } from './support/upstream.js';

const SETTINGS = { CUSTOMER_PRE_READ: 'never', RATE_LIMIT_PER_MINUTE: '1000000' };
const RUNS = { numRuns: 100 };

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const NOT_PLAIN = /[\p{Cc}\p{Cs}\u2028-\u202E]/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
const isVisible = (value: string): boolean => /[^\s\p{Default_Ignorable_Code_Point}]/u.test(value);
const plain = (accepts: (character: string) => boolean = () => true): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.integer({ min: 0x20, max: 0x7e }),
      fc.integer({ min: 0xa0, max: 0x2fff }),
      fc.integer({ min: 0, max: 0x10_ff_ff }),
    )
    .map((point) => String.fromCodePoint(point))
    .filter((character) => !NOT_PLAIN.test(character) && accepts(character));

const text = (minLength: number, maxLength: number, unit = plain()): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit, minLength, maxLength, size: 'small' }) },
    { weight: 1, arbitrary: fc.string({ unit, minLength: maxLength, maxLength, size: 'max' }) },
  );

const oneOf = (characters: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(characters));
const DIGITS = '0123456789';
const LETTERS = 'ABCXYZabcxyz';

const emailAddress = fc
  .tuple(
    fc.string({ unit: oneOf(`${LETTERS}${DIGITS}_+-`), minLength: 1, maxLength: 64 }),
    fc.array(fc.string({ unit: oneOf(`${LETTERS}${DIGITS}`), minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([local, labels]) => `${local}@${labels.join('.')}.test`);

const rate = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 99 }), fc.string({ unit: oneOf(DIGITS), minLength: 1, maxLength: 26 }))
    .map(([whole, decimals]) => `${whole}.${decimals}`),
  fc.integer({ min: 0, max: 100 }).map(String),
  fc.constantFrom('100.0000000000000000000000000', '0.000000000000000000000000001', '00.5'),
);

const address = fc.record(
  {
    line1: text(0, 255),
    line2: text(0, 255),
    city: text(0, 255),
    state: text(0, 255),
    zip_code: text(0, 255),
    country: fc.constantFrom('DE', 'US', 'ZW', 'AX', 'GB', 'XK'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const visible = text(1, 255).filter(isVisible);
const tax = fc.record({ name: visible, tax_code: visible, rate }, { noNullPrototype: true });

/** Any body that "The patch body" accepts, and of each field any value. */
const goodBody = fc
  .record(
    {
      name: visible,
      alias: text(
        1,
        255,
        plain((character) => !/[\s/\\]/u.test(character) && !INVISIBLE.test(character)),
      ).filter((value) => value !== '.' && value !== '..' && !value.startsWith('cus_')),
      billing_email: emailAddress,
      invoicing_emails: fc.array(emailAddress, { maxLength: 100 }),
      phone: fc
        .tuple(
          fc.string({ unit: oneOf(`${DIGITS} +()-./`), minLength: 0, maxLength: 19 }),
          fc.string({ unit: oneOf(DIGITS), minLength: 3, maxLength: 6 }),
          fc.constantFrom('', ' x7', ' ext 1', '#12', ';ext=3'),
        )
        .map((parts) => parts.join('')),
      currency: fc.constantFrom('AED', 'EUR', 'USD', 'ZWL'),
      invoicing_entity_id: fc
        .string({ unit: oneOf(`${DIGITS}${LETTERS}`), minLength: 1, maxLength: 22 })
        .map((id) => `ive_${id}`),
      is_tax_exempt: fc.boolean(),
      vat_number: fc
        .string({ unit: oneOf(`${DIGITS}${LETTERS} .-/*+&Ññ`), minLength: 0, maxLength: 30 })
        .map((rest) => `D${rest}1`),
      custom_taxes: fc.array(tax, { maxLength: 20 }),
      billing_address: address,
      shipping_address: fc.record(
        { same_as_billing: fc.boolean(), address },
        { requiredKeys: ['same_as_billing'], noNullPrototype: true },
      ),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  .filter((body) => Object.keys(body).length > 0 && JSON.stringify(body).length < 20_000)
  .map((body) => body as { [key: string]: Json });

type Path = readonly (string | number)[];

/** The paths of every value of a body, its root first. */
function pathsOf(value: Json, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, member]) => pathsOf(member, [...path, key]))];
}

function valueAt(value: Json, [step, ...rest]: Path): Json {
  if (step === undefined) return value;
  return valueAt((value as { [key: string]: Json })[step] ?? null, rest);
}

function withValueAt(value: Json, [step, ...rest]: Path, replacement: Json): Json {
  if (step === undefined) return replacement;
  const copy = structuredClone(value) as { [key: string]: Json };
  copy[step] = withValueAt(copy[step] ?? null, rest, replacement);
  return copy;
}

const kindOf = (value: Json): string =>
  Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
const pointerTo = (path: Path): string => ['#', ...path].join('/');

interface Fault {
  readonly what: string;
  readonly body: Json;
  readonly pointer: string;
}

/** One fault somewhere in a good body. */
const badBody: fc.Arbitrary<Fault> = fc
  .record({ body: goodBody, kind: fc.constantFrom('null', 'unknown', 'type', 'character'), at: fc.nat() })
  .chain(({ body, kind, at }) => {
    const paths = pathsOf(body);
    const pick = (fits: (value: Json) => boolean): Path => {
      const fitting = paths.filter((path) => fits(valueAt(body, path)));
      return fitting[at % fitting.length] ?? [];
    };
    if (kind === 'null') {
      const path = pick(() => true);
      return fc.constant({ what: 'null', body: withValueAt(body, path, null), pointer: pointerTo(path) });
    }
    if (kind === 'unknown') {
      const path = pick((value) => kindOf(value) === 'object');
      const target = valueAt(body, path) as { [key: string]: Json };
      return fc
        .tuple(fc.stringMatching(/^[a-z_][A-Za-z0-9_]{0,20}$/), fc.jsonValue({ maxDepth: 2 }))
        .filter(([key]) => !KNOWN.has(key) && key !== '__proto__')
        .map(([key, member]) => ({
          what: `unknown ${key}`,
          body: withValueAt(body, path, { ...target, [key]: member as Json }),
          pointer: pointerTo([...path, key]),
        }));
    }
    const textPath = pick((value) => typeof value === 'string');
    const old = valueAt(body, textPath);
    if (kind === 'character' && typeof old === 'string') {
      const character = fc.constantFrom(
        '\0',
        '\t',
        '\n',
        '\r',
        '\u007f',
        '\u0085',
        '\u2028',
        '\ud800',
        '\udc00',
      );
      return fc.tuple(character, fc.nat(old.length)).map(([bad, index]) => ({
        what: `character ${JSON.stringify(bad)}`,
        // Between characters: half of a pair in front of its other half would make it whole again.
        body: withValueAt(
          body,
          textPath,
          Array.from(old).slice(0, index).join('') + bad + Array.from(old).slice(index).join(''),
        ),
        pointer: pointerTo(textPath),
      }));
    }
    const path = pick(() => true);
    const other: Json[] = [7, 'text', true, [], {}, [[]], 1e300];
    const replacements = other.filter(
      (value) => kindOf(value) !== kindOf(valueAt(body, path)) && !fitsAnyway(path, value),
    );
    return fc.constantFrom(...replacements).map((replacement) => ({
      what: 'type',
      body: withValueAt(body, path, replacement),
      pointer: pointerTo(path),
    }));
  });

/** No text stands where a text is refused for its content only: "text" is a fine name. */
const fitsAnyway = (path: Path, value: Json): boolean => path.length === 0 && kindOf(value) === 'object';

const KNOWN = new Set([
  ...['name', 'alias', 'billing_email', 'invoicing_emails', 'phone', 'currency', 'invoicing_entity_id'],
  ...['is_tax_exempt', 'vat_number', 'custom_taxes', 'billing_address', 'shipping_address'],
  ...[
    'line1',
    'line2',
    'city',
    'state',
    'zip_code',
    'country',
    'same_as_billing',
    'address',
    'tax_code',
    'rate',
  ],
]);

describe('any body', () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff({ settings: SETTINGS });
    bff.upstream.answerWith(200, CUSTOMER);
  });
  beforeEach(() => {
    bff.upstream.requests.length = 0;
  });
  afterAll(() => bff.stop());

  const takeSent = (): string[] => bff.upstream.requests.splice(0).map((request) => request.text);

  it('that is good travels unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(goodBody, async (body) => {
        const answer = await bff.patch(body);

        expect(answer.status).toBe(200);
        expect(takeSent().map((sent) => JSON.parse(sent) as unknown)).toEqual([body]);
      }),
      RUNS,
    );
  });

  it('with one fault anywhere is refused at that place and sends nothing', async () => {
    await fc.assert(
      fc.asyncProperty(badBody, async ({ body, pointer }) => {
        const answer = await bff.patch(JSON.stringify(body));

        expect(answer.status).toBe(400);
        expect(answer.body).toMatchObject({ type: 'urn:billing-bff:problem:validation-failed' });
        expect(pointersOf(answer)).toContain(pointer);
        expect(takeSent()).toEqual([]);
      }),
      RUNS,
    );
  });

  const known = fc.constantFrom(...KNOWN, '__proto__', 'constructor', 'prototype', 'toString', 'x');
  const anyText = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.dictionary(known, fc.jsonValue({ maxDepth: 2 })).map((body) => JSON.stringify(body)),
    fc
      .dictionary(
        known,
        fc.dictionary(known, fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.dictionary(known, fc.constant(1)))),
      )
      .map((body) => JSON.stringify(body)),
    fc.string({ unit: 'binary' }),
  );

  it('that is JSON, or looks like it, never breaks anything, and only what is answered 200 is sent, as it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (body) => {
        const answer = await bff.patch(body);

        expect([200, 400]).toContain(answer.status);
        const sent = takeSent().map((one) => JSON.parse(one) as unknown);
        expect(sent).toEqual(answer.status === 200 ? [JSON.parse(body)] : []);
      }),
      { numRuns: 200 },
    );
  });

  it('of any bytes is refused and sends nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const answer = await bff.patch(Buffer.from(bytes));

        expect(answer.status).toBe(400);
        expect(takeSent()).toEqual([]);
      }),
      RUNS,
    );
  });
});
