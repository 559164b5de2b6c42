import fc from 'fast-check';
import { Auditor, type Verdict, verify } from './support/auditor.js';
import { noteKey } from './support/second-log.js';
import { SyntheticTrail } from './support/synthetic-trail.js';

/** Of each property; AUDIT_VERIFY_RUNS lengthens it. Each run starts the verifier. */
const numRuns = Number(process.env['AUDIT_VERIFY_RUNS'] ?? 8);
const OCTOBER = Date.UTC(2026, 9, 1);
const SECOND = 1_000;

const witness = noteKey('witness.example', 4);

/** Events of September and then of October, and how many are of September. */
const trails = fc
  .tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 300 }))
  .map(([september, october]) => {
    const trail = new SyntheticTrail();
    for (let n = 0; n < september; n += 1) trail.add(OCTOBER - (september - n) * SECOND);
    for (let n = 0; n < october; n += 1) trail.add(OCTOBER + n * SECOND);
    return { trail, september };
  });

function check(trail: SyntheticTrail, exported: string | Buffer | readonly string[]): Promise<Verdict> {
  return verify({ exported, keys: [trail.key.vkey], witnesses: [witness.vkey] });
}

const cosigned = (trail: SyntheticTrail, pruned: [number, number][] = []): string[] =>
  trail.export({ pruned, keys: [trail.key, witness] });

it('any log is valid, whole or without its oldest month', async () => {
  await fc.assert(
    fc.asyncProperty(trails, fc.boolean(), async ({ trail, september }, dropped) => {
      const pruned: [number, number][] = dropped && september > 0 ? [[0, september]] : [];
      expect(await check(trail, cosigned(trail, pruned))).toMatchObject({ code: 0, err: '' });
    }),
    { numRuns },
  );
}, 600_000);

it('any parts of a log, one after the other, end where the whole does', async () => {
  await fc.assert(
    fc.asyncProperty(trails, fc.array(fc.nat(600), { maxLength: 3 }), async ({ trail }, cuts) => {
      const end = trail.leaves.length;
      const sizes = [0, ...cuts.map((cut) => cut % (end + 1)).sort((a, b) => a - b), end];
      const auditor = await Auditor.atWork();
      const evidence = {
        keys: [trail.key.vkey],
        checkpoints: sizes.map((size) => trail.checkpoint(size)).join(''),
      };
      for (const [n, to] of sizes.entries()) {
        const exported = trail.export({ from: sizes[n - 1] ?? 0, to });
        const { code, err } = await auditor.verify({ exported, keys: evidence.keys }, 'parts');
        expect([code, err]).toEqual([0, '']);
      }
      await auditor.verify({ ...evidence, exported: trail.export() }, 'whole');
      const [parts, whole] = [await auditor.read('parts'), await auditor.read('whole')];
      const last = (text: string): unknown => (JSON.parse(text) as { ends: unknown[] }).ends[0];
      expect(last(parts)).toEqual(last(whole));
      await auditor.leave();
    }),
    { numRuns: Math.ceil(numRuns / 5) },
  );
}, 600_000);

describe('not valid is', () => {
  const trail = new SyntheticTrail();
  for (let n = 0; n < 9; n += 1) trail.add(OCTOBER + (n - 5) * SECOND);
  const lines = cosigned(trail, [[0, 3]]);
  const bytes = Buffer.from(`${lines.join('\n')}\n`);
  // Without the last line feed an export is still whole.
  const byte = fc.tuple(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }));
  const line = fc.nat(lines.length - 1);

  it('an export with one byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(byte, async ([at, by]) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(await check(trail, changed)).toMatchObject({ code: 1, out: '' });
      }),
      { numRuns: 4 * numRuns },
    );
  }, 600_000);

  it('an export with one byte less, or more', async () => {
    await fc.assert(
      fc.asyncProperty(byte, fc.boolean(), async ([at, value], less) => {
        const changed = Buffer.concat([
          bytes.subarray(0, at),
          less ? Buffer.of() : Buffer.of(value),
          bytes.subarray(at + Number(less)),
        ]);
        expect(await check(trail, changed)).toMatchObject({ code: 1, out: '' });
      }),
      { numRuns: 2 * numRuns },
    );
  }, 600_000);

  it.each<[string, (at: number, to: number) => string[]]>([
    ['dropped', (at) => lines.toSpliced(at, 1)],
    ['twice', (at) => lines.toSpliced(at, 0, lines[at] ?? '')],
    [
      'moved',
      (at, to) =>
        lines.toSpliced(at, 1).toSpliced(to === at ? (at + 1) % lines.length : to, 0, lines[at] ?? ''),
    ],
  ])(
    'an export with a line %s',
    async (_what, change) => {
      await fc.assert(
        fc.asyncProperty(line, line, async (at, to) => {
          expect(await check(trail, change(at, to))).toMatchObject({ code: 1, out: '' });
        }),
        { numRuns },
      );
    },
    600_000,
  );
});
