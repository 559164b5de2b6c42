import { type LogEnd, verifyExport, verifyGrowth } from '../console/src/log/verify.js';
import { checkpointOf, leafHash, noteKey, rangeHashes } from './support/second-log.js';
import { exported, KEY, leaves, NO_TILES, note, ORIGIN, tileAt } from './support/served-log.js';

const OTHER = noteKey(ORIGIN);

describe('an export that goes on where the last one ended', () => {
  /** Where the check of the first leaves ended. */
  async function endAt(size: number): Promise<LogEnd> {
    const { end } = await verifyExport(exported({ size }), KEY.vkey, NO_TILES);
    if (end === undefined) throw new Error('not valid');
    return end;
  }
  /** The same log, made anew with another event in it. */
  const remade = (size: number, at: number): { note: string; hashes: Buffer[] } => {
    const hashes = leaves.map((leaf, index) => (index === at ? leafHash('another') : leaf));
    return { note: checkpointOf(ORIGIN, hashes.slice(0, size), [KEY]), hashes };
  };

  it.each([
    [1, 2],
    [3, 300],
    [255, 257],
    [256, 256],
    [299, 300],
  ])('from leaf %i to %i is proven, and it ends where one of everything does', async (from, size) => {
    const verdict = await verifyExport(exported({ size, from }), KEY.vkey, NO_TILES, await endAt(from));
    expect(verdict).toEqual({
      valid: true,
      message:
        `The ${size - from} events from leaf ${from} on are as ${ORIGIN} at size ${size} (cosigned by no witness ` +
        'that you trust) has them. What is before them was verified earlier.',
      end: await endAt(size),
    });
  });

  it('is proven across what retention dropped meanwhile', async () => {
    const lines = exported({ size: 300, from: 100, prunedTo: 200 });
    expect(await verifyExport(lines, KEY.vkey, NO_TILES, await endAt(100))).toMatchObject({ valid: true });
    const whole = exported({ size: 300, prunedTo: 64 });
    expect(await verifyExport(whole, KEY.vkey, NO_TILES, await endAt(64))).toMatchObject({ valid: true });
  });

  it('with an event that was altered is not valid, and the place is named', async () => {
    const lines = exported({ size: 300, from: 100 });
    lines[188] = (lines[188] ?? '').replace('customer.patch', 'audit.read');
    expect(await verifyExport(lines, KEY.vkey, tileAt, await endAt(100))).toEqual({
      valid: false,
      message: 'The event at leaf 287 was altered.',
    });
  });

  it('of a log that was rolled back is not valid, and nobody has to ask for it', async () => {
    const message =
      'The log was rolled back: it has 20 leaves, and had 30 when it was verified (or this is an older export).';
    const end = await endAt(30);
    expect(await verifyGrowth(note(20), KEY.vkey, end)).toEqual({ valid: false, message });
    expect(await verifyExport(exported({ size: 20 }), KEY.vkey, NO_TILES, end)).toEqual({
      valid: false,
      message,
    });
    expect(await verifyGrowth(note(30), KEY.vkey, end)).toMatchObject({ valid: true });
  });

  it('of a log that was rewritten is not valid: at the same size', async () => {
    expect(await verifyGrowth(remade(30, 7).note, KEY.vkey, await endAt(30))).toEqual({
      valid: false,
      message: 'The log was rewritten: it signed two different states with 30 leaves.',
    });
  });

  it('of a log that was rewritten is not valid: with more events, in all of it or in what is new', async () => {
    const { note: signed, hashes } = remade(40, 7);
    const tiles = (n: number, width: number): Promise<Uint8Array<ArrayBuffer>> =>
      Promise.resolve(Uint8Array.from(Buffer.concat(hashes.slice(256 * n, 256 * n + width))));
    const head = (from: number): string =>
      JSON.stringify({ export: { origin: ORIGIN, from_leaf: from, to_leaf: 40, checkpoint: signed } });
    const rewritten = {
      valid: false,
      message: 'The log was rewritten: its first 30 leaves are not what they were when verified.',
    };
    const fresh = [head(30), ...exported({ size: 40, from: 30 }).slice(1)];
    expect(await verifyExport(fresh, KEY.vkey, tiles, await endAt(30))).toEqual(rewritten);
    const pruned = JSON.stringify({
      pruned: { from: 0, to: 8, hashes: rangeHashes(0, 8, hashes).map((hash) => hash.toString('base64')) },
    });
    const events = exported({ size: 40, from: 8 }).slice(1, -2);
    const whole = [head(0), pruned, ...events, JSON.stringify({ end: { events: 32 } })];
    expect(await verifyExport(whole, KEY.vkey, tiles, await endAt(30))).toEqual(rewritten);
  });

  it.each([
    [
      'nothing was verified before',
      undefined,
      'The export begins at leaf 30, and this browser has not verified',
    ],
    ['it begins elsewhere', 40, 'The export begins at leaf 30, and the last check ended at 40'],
  ])('says nothing where %s', async (_, before, message) => {
    const end = before === undefined ? undefined : await endAt(before);
    const verdict = await verifyExport(exported({ size: 50, from: 30 }), KEY.vkey, NO_TILES, end);
    expect(verdict.valid).toBeUndefined();
    expect(verdict.message).toContain(message);
  });

  it('that leaves events out is not valid', async () => {
    expect(await verifyExport(exported({ size: 50, from: 30 }), KEY.vkey, NO_TILES, await endAt(20))).toEqual(
      { valid: false, message: 'Leaves 20 to 29 are missing since the last check.' },
    );
  });

  it('is compared with nothing that was damaged, not signed, or of another log', async () => {
    const lines = exported({ size: 50, from: 30 });
    const end = await endAt(30);
    for (const edge of [[], end.edge.slice(1), end.edge.toReversed()])
      expect(await verifyExport(lines, KEY.vkey, NO_TILES, { ...end, edge })).toEqual({
        valid: undefined,
        message: 'What this browser kept of the last check is damaged. Forget it and verify everything.',
      });
    const unsigned = { ...end, checkpoint: note(30, [OTHER]) };
    expect(await verifyExport(lines, KEY.vkey, NO_TILES, unsigned)).toMatchObject({ valid: false });
    const another = noteKey('billing-bff.local/globex');
    const ofGlobex = {
      ...end,
      checkpoint: checkpointOf('billing-bff.local/globex', leaves.slice(0, 30), [another]),
    };
    expect(await verifyExport(lines, `${KEY.vkey}\n${another.vkey}`, NO_TILES, ofGlobex)).toEqual({
      valid: false,
      message: `This is the log ${ORIGIN}, and billing-bff.local/globex was verified.`,
    });
  });
});
