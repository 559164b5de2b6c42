import { type Verdict, verifyExport } from './support/audit-verifier.js';
import { allSealed, exportLines, leafHashOf, publicKeys } from './support/sealed-trail.js';
import { startBff, type TestBff } from './support/start-bff.js';

let bff: TestBff;
let lines: string[] = [];
let keys: unknown;
beforeAll(async () => {
  bff = await startBff({ seals: true });
  for (let n = 0; n < 3; n += 1) {
    await bff.patch({ name: `Name ${n}` });
    await allSealed(bff);
  }
  keys = await publicKeys(bff);
  lines = await exportLines(bff);
});
afterAll(() => bff.stop());

it('says that an export is valid', async () => {
  expect(await verify(lines)).toMatchObject({
    code: 0,
    out: expect.stringContaining('valid: the log acme') as unknown,
  });
});

interface Line {
  [name: string]: unknown;
  actor: { sub: string };
  occurred_at: string;
  seal: { seal: number; leaf_index: unknown } | null;
  changes: { field: string; after?: unknown }[];
}

const edited = (at: number, edit: (event: Line) => void): string[] =>
  lines.map((line, index) => {
    if (index !== at) return line;
    const event = JSON.parse(line) as Line;
    edit(event);
    return JSON.stringify(event);
  });

/** The first event, changed, as one more line. */
const forged = (edit: (event: Line) => void): string =>
  edited(0, (event) => {
    event.actor.sub = 'somebody-else';
    edit(event);
  })[0] ?? '';

/** An altered event that also has the hash of what it was. */
const beside = (line: string): string => {
  const event = JSON.parse(line) as Line;
  const leaf = {
    log: 'acme',
    leaf_index: event.seal?.leaf_index,
    leaf_hash: leafHashOf(line),
    event_id: event['id'],
  };
  return JSON.stringify({ ...event, actor: { sub: 'somebody-else' }, leaf });
};

it.each<[string, () => string[], RegExp]>([
  [
    'another actor',
    () => edited(2, (event) => (event.actor.sub = 'somebody-else')),
    /NOT VALID: the events are not those of seal \d+: one of leaves \d+ to \d+ was changed .*line 3/,
  ],
  [
    'another time',
    () => edited(0, (event) => (event.occurred_at = '2020-01-01T00:00:00.000Z')),
    /not those of seal 1: one of leaves 0 to \d was changed .*line 1/,
  ],
  ['an event less', () => withCount(lines.filter((_, index) => index !== 3)), /leaf 3 is missing/],
  ['a line twice', () => withCount([lines[0] ?? '', ...lines]), /leaf 0 is there twice/],
  [
    'a member twice',
    () => [(lines[0] ?? '').replace('{', '{"actor":{"sub":"somebody-else"},'), ...lines.slice(1)],
    /line 1 is not written as the service writes/,
  ],
  [
    'another seal than its own',
    () => edited(0, (event) => Object.assign(event.seal ?? {}, { seal: 2 })),
    /claims seal 2, and seal 1 is its own/,
  ],
  ...[-1, 'x', 0.5, 2 ** 32 - 1, null, '00', {}].map((index): [string, () => string[], RegExp] => [
    `a forged event as leaf ${JSON.stringify(index)}`,
    () => withCount([forged((event) => (event.seal = { seal: 1, leaf_index: index })), ...lines]),
    /claims the leaf/,
  ]),
  [
    'events beside the hashes of the true ones',
    () => lines.slice(0, -1).map((line) => beside(line)),
    /a line has other members than leaf/,
  ],
  [
    'events in another order',
    () => [...lines.slice(0, 4).reverse(), ...lines.slice(4)],
    /leaf 2 \(\S+ on line 2\) is not in its place/,
  ],
  [
    'no seal at all',
    () =>
      withTrailer(
        lines.map((_, index) => edited(index, (event) => (event.seal = null))[index] ?? ''),
        (trailer) => (trailer.seals = []),
      ),
    /no seal yet, so nothing is proven/,
  ],
  [
    'a sealed event once more without its seal',
    () => withCount([...lines.slice(0, -1), forged((event) => (event.seal = null)), lines.at(-1) ?? '']),
    /is there once more, without its seal/,
  ],
  [
    'an unsealed event of a time to come',
    () =>
      withCount([
        ...lines.slice(0, -1),
        forged((event) => Object.assign(event, { seal: null, id: 'ffffffff-0000-7000-8000-000000000000' })),
        lines.at(-1) ?? '',
      ]),
    /is of a time to come/,
  ],
  ['no trailer', () => lines.slice(0, -1), /no trailer/],
  ['a seal less', () => withTrailer(lines, (trailer) => trailer.seals.pop()), /says that it is sealed/],
  ['the first seal less', () => withTrailer(lines, (trailer) => trailer.seals.shift()), /seal 1 is missing/],
  ['seals swapped', () => withTrailer(lines, (trailer) => trailer.seals.reverse()), /seal 1 is missing/],
])('finds %s', async (_what, tampered, message) => {
  const { code, err } = await verify(tampered());
  expect(err).toMatch(message);
  expect(code).toBe(1);
});

it('trusts no key that was not given', async () => {
  const { code, err } = await verify(lines, { keys: [] });
  expect([code, err]).toEqual([1, expect.stringContaining('no Ed25519 key')]);
});

it('finds that the trail was rolled back, by a seal kept outside', async () => {
  const seals = trailerOf(lines).seals;
  const last = `"seal":{"seal":${seals.length},`;
  const back = withTrailer(
    lines.filter((line) => !line.includes(last)),
    (trailer) => trailer.seals.pop(),
  );
  const short = withCount(back);
  expect((await verify(short)).code).toBe(0);
  const { code, err } = await verify(short, keys, seals);
  expect([code, err]).toEqual([1, expect.stringContaining('rolled back')]);
  expect((await verify(lines, keys, seals)).out).toContain(`${seals.length} seals kept outside are in it`);
});

it('takes seals that are newer than the export for what they are', async () => {
  await bff.patch({ name: 'Later' });
  await allSealed(bff);
  const later = trailerOf(await exportLines(bff)).seals;
  const { code, out } = await verify(lines, keys, later);
  expect(code).toBe(0);
  expect(out).toMatch(/\d seals kept outside are in it; newer than this export: \d/);
});

// What Node.js 24 and later would break lines at, were it left to readline.
it('breaks lines at line feeds only', async () => {
  const separated = edited(0, (event) => (event.actor.sub = 'a\u2028b\u2029c'));
  expect((await verify(separated)).err).toMatch(/not those of seal 1/);
});

interface Trailer {
  count: number;
  seals: string[];
}

function trailerOf(of: readonly string[]): Trailer {
  return (JSON.parse(of.at(-1) ?? '') as { trailer: Trailer }).trailer;
}

function withTrailer(of: readonly string[], edit: (trailer: Trailer) => void): string[] {
  const trailer = trailerOf(of);
  edit(trailer);
  return [...of.slice(0, -1), JSON.stringify({ trailer })];
}

function withCount(of: readonly string[]): string[] {
  return withTrailer(of, (trailer) => (trailer.count = of.length - 1));
}

function verify(
  exported: readonly string[],
  jwks: unknown = keys,
  seals?: readonly string[],
): Promise<Verdict> {
  return verifyExport(exported, jwks, seals);
}
