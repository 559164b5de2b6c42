import fc from 'fast-check';
import { Problem } from '../http/problem.js';
import { readPatch } from './patch-body.pipe.js';

/** Values that a body's fields and items can have at most, counted as often as they are looked at. */
const WORK = 3_000;
/** Characters of the largest problem. */
const ANSWER = 200_000;

/** As many of something as 64 KiB hold, or more. */
const many = fc.integer({ min: 1, max: 20_000 });
const longText = many.map((length) => 'x1.'.repeat(length));
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toJSON', 'name', 'rate', 'x'),
  fc.string({ maxLength: 5 }),
  longText,
);
const keys = fc.tuple(many, key).map(([count, name]): unknown => {
  const members = Array.from(
    { length: Math.ceil(count / (name.length + 1)) },
    (_, index) => `${JSON.stringify(`${name}${index || ''}`)}:1`,
  );
  // As the body's parser makes it: a key `__proto__` is a member like any other.
  return JSON.parse(`{${members.join(',')}}`);
});
const nested = many.map((depth): unknown =>
  JSON.parse(`${'[{"a":'.repeat(depth / 10)}1${'}]'.repeat(depth / 10)}`),
);
const scalar = fc.oneof(fc.constantFrom<unknown>(null, true, 0, '', 'x', {}, []), longText, keys, nested);
const items = fc
  .tuple(many, scalar)
  .map(([count, item]): unknown => Array.from({ length: count }, () => item));
const fifty = fc
  .tuple(fc.integer({ min: 1, max: 50 }), scalar)
  .map(([count, item]): unknown => Array.from({ length: count }, () => item));
const value = fc.oneof(scalar, items, fifty);
const FIELDS = [
  ...['name', 'alias', 'billing_email', 'invoicing_emails', 'phone', 'currency', 'invoicing_entity_id'],
  ...['is_tax_exempt', 'vat_number', 'custom_taxes', 'billing_address', 'shipping_address'],
];
const body = fc.oneof(
  value,
  fc.dictionary(fc.constantFrom(...FIELDS, 'x'), value, { noNullPrototype: true, maxKeys: 13 }),
);

it('a hostile body costs what the contract costs, whatever its size, and has at most 100 faults', () => {
  fc.assert(
    fc.property(body, (hostile) => {
      let looks = 0;
      const faults = faultsOf(watched(hostile, () => (looks += 1)));
      expect(looks).toBeLessThan(WORK);
      const answer = faults?.toBody('request-1');
      expect(answer?.errors?.length ?? 1).toBeLessThanOrEqual(100);
      expect(JSON.stringify(answer ?? '').length).toBeLessThan(ANSWER);
    }),
    { numRuns: 100 },
  );
});

it('the largest good body is worth as much work', () => {
  let looks = 0;
  const taxes = Array.from({ length: 50 }, () => ({ name: 'a', tax_code: 'b', rate: '1' }));
  const good = { custom_taxes: taxes, invoicing_emails: Array.from({ length: 100 }, () => 'a@acme.test') };
  expect(faultsOf(watched(good, () => (looks += 1)))).toBeUndefined();
  expect(looks).toBeGreaterThan(250);
  expect(looks).toBeLessThan(WORK);
});

it.each([
  ['custom_taxes', 50],
  ['invoicing_emails', 100],
])('a list over its limit is one fault: %s', (field, limit) => {
  const problem = faultsOf({ [field]: Array.from({ length: 20_000 }, () => ({})) });
  expect(problem?.options.errors).toEqual([
    {
      pointer: `#/${field}`,
      code: 'too-many',
      detail: `may have at most ${limit} items`,
    },
  ]);
});

function faultsOf(hostile: unknown): Problem | undefined {
  try {
    readPatch(hostile, undefined);
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** The same value; each look at a member of it is counted. */
function watched(value: unknown, look: () => void): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy<object>(value, {
    get: (target, name): unknown => {
      look();
      const member: unknown = Reflect.get(target, name);
      return typeof name === 'string' && Object.hasOwn(target, name) ? watched(member, look) : member;
    },
  });
}
