import type { Random } from './random.js';

const ANY = 'abcXYZ 019-_.@/\\"\'%&+<>{}[]:;,=?#äßñ€漢😀\u00a0\u200b\u202e\u2028\ufeff\u0000\u0007\r\n\t';
const WORD = 'abcdefXYZ0189';

/** A body of a patch: as it should be, off by something, or hostile. */
export function bodyFrom(random: Random): Buffer {
  const kind = random.next();
  if (kind < 0.4) return json(goodPatch(random));
  if (kind < 0.75) return json(spoilt(goodPatch(random), random));
  const hostile = random.pick(HOSTILE)(random);
  return Buffer.isBuffer(hostile) ? hostile : Buffer.from(hostile);
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const FIELDS: [string, (random: Random) => unknown][] = [
  ['name', (r) => r.text(`${WORD} äß漢😀`, 1, 60) + 'x'],
  ['alias', (r) => `a${r.text(WORD, 1, 30)}`],
  ['billing_email', (r) => `${r.text(WORD, 1, 20)}@b.test`],
  ['invoicing_emails', (r) => Array.from({ length: r.below(5) }, () => `${r.text(WORD, 1, 9)}@c.test`)],
  ['phone', (r) => `+${r.text('0123456789', 4, 14)}${r.pick(['', ' x12', ';ext=3'])}`],
  ['currency', (r) => r.pick(['EUR', 'USD', 'JPY'])],
  ['invoicing_entity_id', (r) => `ive_${r.text(WORD, 1, 22)}`],
  ['is_tax_exempt', (r) => r.chance(0.5)],
  ['vat_number', (r) => `DE${r.text('0123456789', 1, 20)}`],
  [
    'custom_taxes',
    (r) =>
      Array.from({ length: r.below(4) }, () => ({ name: 'Tax', tax_code: r.text(WORD, 1, 9), rate: '19.5' })),
  ],
  ['billing_address', goodAddress],
  ['shipping_address', (r) => ({ same_as_billing: r.chance(0.5), address: goodAddress(r) })],
];

function goodAddress(random: Random): Record<string, string> {
  return { line1: random.text(WORD, 0, 40), city: 'Köln', country: random.pick(['DE', 'US', 'XK']) };
}

function goodPatch(random: Random): Record<string, unknown> {
  const chosen = FIELDS.filter(() => random.chance(0.3));
  const fields = chosen.length > 0 ? chosen : FIELDS.slice(0, 1);
  return Object.fromEntries(fields.map(([name, make]) => [name, make(random)]));
}

/** Replaces one value, wherever it is, or adds a member. */
function spoilt(value: unknown, random: Random): unknown {
  if (typeof value === 'object' && value !== null && random.chance(0.85)) {
    const keys = Object.keys(value);
    const key = keys[random.below(keys.length)];
    if (key !== undefined && random.chance(0.8)) {
      const copy = structuredClone(value) as Record<string, unknown>;
      copy[key] = spoilt(copy[key], random);
      return copy;
    }
    const added = random.pick([
      'x',
      'id',
      'constructor',
      'toString',
      'Name',
      'name ',
      '',
      'billing_email\u0000',
    ]);
    return Array.isArray(value)
      ? [...(value as unknown[]), oddValue(random)]
      : { ...value, [added]: oddValue(random) };
  }
  if (typeof value === 'string' && random.chance(0.5)) {
    const at = random.below(value.length + 1);
    return value.slice(0, at) + random.text(ANY, 1, 3) + value.slice(at);
  }
  return oddValue(random);
}

function oddValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => random.below(2 ** 31) - 2 ** 30,
    () => 1e308,
    () => random.chance(0.5),
    () => '',
    () => random.text(ANY, 1, 40),
    () => 'x'.repeat(random.pick([254, 255, 256, 5_000])),
    () => '\ud800',
    () => [],
    () => ({}),
    () => [[[]]],
    () => ({ $ne: null, length: 1e9 }),
    () => Array.from({ length: random.pick([51, 101, 2_000]) }, () => null),
  ])();
}

const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);

const HOSTILE: [(random: Random) => string | Buffer, ...((random: Random) => string | Buffer)[]] = [
  () => '',
  () => 'null',
  () => '{}',
  () => '[]',
  () => '"name"',
  () => '{"name":"a"} {"name":"b"}',
  () => '{"__proto__":{"name":"x"},"name":"a"}',
  () => '{"constructor":{"prototype":{"x":1}},"name":"a"}',
  () => '{"name":"a","\\u005f_proto__":{}}',
  () => '{"name":"a","name":null}',
  () => '{"name":null,"name":"a"}',
  () => '\ufeff{"name":"a"}',
  () => '{"name":"\\ud800"}',
  () => '{"is_tax_exempt":1e999}',
  () => Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
  (r) => Buffer.from(Array.from({ length: r.below(300) }, () => r.below(256))),
  (r) => json(goodPatch(r)).subarray(0, r.below(40)),
  (r) => r.text(ANY, 1, 200),
  (r) => nested('[', ']', 1 + r.below(30_000)),
  (r) => nested('{"a":', '}', 1 + r.below(9_000)),
  () => `{"name":"${'x'.repeat(70_000)}"}`,
  () => `{"custom_taxes":[${Array.from({ length: 21_000 }, () => '{}').join(',')}]}`,
  () => `{${Array.from({ length: 5_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
  () => `{"phone":"${'1-'.repeat(15_000)}x"}`,
  () => `{"billing_email":"${'a.'.repeat(15_000)}@"}`,
];
