import reference from 'canonicalize';
import fc from 'fast-check';
import { canonicalize } from './canonical.js';

it('is what another implementation of RFC 8785 says, for any JSON value', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'toJSON', '', '\u20ac', '1', '10', '2'),
  );
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'binary' }),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(names, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const parsed: unknown = JSON.parse(JSON.stringify(value));
      expect(canonicalize(parsed)).toBe(reference(parsed));
    }),
    { numRuns: 1_000 },
  );
});

it.each([
  ['members that are undefined are left out', { b: undefined, a: 1 }, '{"a":1}'],
  ['items that are undefined are null', [undefined, 1], '[null,1]'],
  ['what says itself how it is written', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [
    'names in the order of their code units',
    { '\ufb33': 1, '\ud83d\ude00': 2, '\u20ac': 3 },
    '{"\u20ac":3,"\ud83d\ude00":2,"\ufb33":1}',
  ],
  ['numbers as ECMAScript writes them', [1e21, 1e-7, -0, 1 / 3], '[1e+21,1e-7,0,0.3333333333333333]'],
])('%s', (_, value, text) => {
  expect(canonicalize(value)).toBe(text);
});

it('refuses numbers that JSON does not have, and leaves out what is no value', () => {
  expect(() => canonicalize([NaN])).toThrow('not a JSON number');
  expect(() => canonicalize(-Infinity)).toThrow('not a JSON number');
  expect(canonicalize(undefined)).toBeUndefined();
});
