import fc from 'fast-check';
import { ExactNumber, parseJson, writeJson } from './exact-json.js';

const MIB = 1024 * 1024;

it.each(['0', '1', '-1', '20.5', '9007199254740991', '1e+21', '1e-7', '5e-324', '33.333333333333336'])(
  '%s is a number like any other',
  (text) => {
    expect(parseJson(`{"a":[${text}],"b": ${text} }`)).toEqual({ a: [Number(text)], b: Number(text) });
  },
);

it.each(['-0', '1.0', '1.10', '1e400', '1E5', '1e21', '9007199254740993', '0.0000001', '4.9e-324'])(
  '%s is kept as it is written',
  (text) => {
    const number = new ExactNumber(text);
    for (const json of [
      `[${text}]`,
      `{"a":\t\r\n ${text}\n}`,
      `[0,${text} ,0]`,
      `{"\\"":"\\\\",":":[${text}]}`,
    ]) {
      expect(JSON.stringify(parseJson(json))).toContain('ExactNumber');
      expect(writeJson(parseJson(json))).toBe(json.replaceAll(/[ \t\r\n]/g, ''));
    }
    expect(parseJson(text === '-0' ? '[-0]' : `[${text}]`)).toEqual([number]);
    expect(Number(number)).toBe(Number(text));
  },
);

it.each(['', '{', '[1.0', '[01]', '[1.]', '[1.0,]', '{"a":1.0,}', '[1.0]x', '["\t",1.0]', '[NaN]'])(
  '%p is not JSON',
  (text) => {
    expect(() => parseJson(text)).toThrow(/JSON/);
  },
);

it('takes half a pair for the replacement character, in names too', () => {
  expect(parseJson('{"a\\ud800":["\\udc00",{"\\ud83d\\ude00":"\\ud83d\\ude00"}]}')).toEqual({
    'a\ufffd': ['\ufffd', { '\u{1f600}': '\u{1f600}' }],
  });
});

it('is otherwise what JSON.parse makes of it, and what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'grapheme' }), fc.constantFrom(undefined, 2), (json, space) => {
      const value: unknown = JSON.parse(json);
      const text = JSON.stringify([value, 0], undefined, space);
      // The odd number in its last place has all of it parsed with care.
      const odd = parseJson(text.replace(/0\s*\]$/, '1.0]'));
      expect(odd).toEqual([value, new ExactNumber('1.0')]);
      expect(writeJson(odd)).toBe(`[${JSON.stringify(value)},1.0]`);
    }),
  );
});

it('writes what has exact numbers and what writes itself as JSON.stringify would', () => {
  const number = new ExactNumber('1.10');
  const value = {
    toJSON: (): unknown => ({ at: new Date(0), number, none: undefined, list: [undefined, number] }),
  };
  expect(writeJson([value, 'ExactNumber'])).toBe(
    '[{"at":"1970-01-01T00:00:00.000Z","number":1.10,"list":[null,1.10]},"ExactNumber"]',
  );
  expect(writeJson(['ExactNumber', { a: undefined }])).toBe('["ExactNumber",{}]');
});

it.each<[string, string]>([
  ['a long number', '1'.repeat(MIB)],
  ['a long string', `"${'x'.repeat(MIB)}"`],
  ['a string of escapes', `"${'\\"'.repeat(MIB / 2)}"`],
  ['what looks like numbers', `"${',1'.repeat(MIB / 2)}"`],
  ['white space', `[${' '.repeat(MIB)}]`],
  ['commas in a string', `"${', '.repeat(MIB / 2)}"`],
  ['many numbers', `[${'1,'.repeat(MIB / 2)}1]`],
  ['many odd numbers', `[${'-0,'.repeat(MIB / 3)}1]`],
  ['many lists', `[${'[],'.repeat(MIB / 3)}1]`],
  ['many levels', '['.repeat(MIB / 2) + ']'.repeat(MIB / 2)],
])(
  'reads %s of 1 MiB: its time does not grow with the square, nor its stack with the depth',
  (_what, json) => {
    expect(parseJson(`[${json},1.0]`)).toHaveProperty('1', new ExactNumber('1.0'));
  },
);
