import { verifyEvent, verifyExport } from '../console/src/log/verify.js';
import { noteKey, treeHash, writeProof } from './support/second-log.js';
import {
  type Event,
  exported,
  KEY,
  leaves,
  NO_TILES,
  note,
  ORIGIN,
  served,
  tileAt,
} from './support/served-log.js';

const OTHER = noteKey(ORIGIN);
const WITNESS = noteKey('witness.example', 4);

describe('one event', () => {
  const proof = (index: number, size: number, keys = [KEY]): string =>
    writeProof(index, leaves.slice(0, size), note(size, keys));

  it.each([
    ...[1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 300].flatMap((size) =>
      [...new Set([0, Math.floor(size / 2), size - 1])].map((index) => [index, size] as const),
    ),
  ])('at leaf %i of %i is proven, and no other one is', async (index, size) => {
    expect(await verifyEvent(served(index), proof(index, size), KEY.vkey)).toMatchObject({ valid: true });
    const altered = { ...served(index), action: 'audit.read' } as Event;
    expect(await verifyEvent(altered, proof(index, size), KEY.vkey)).toMatchObject({ valid: false });
    if (size > 1) {
      const other = served((index + 1) % size);
      expect(await verifyEvent(other, proof(index, size), KEY.vkey)).toMatchObject({ valid: false });
    }
  });

  it('is proven whatever this reader sees beyond what is stored', async () => {
    const [change] = served(3).changes;
    const seen = { ...served(3), changes: [{ ...change, clear: { after: 'x' } }] } as Event;
    expect(await verifyEvent(seen, proof(3, 9), KEY.vkey)).toMatchObject({ valid: true });
  });

  it('names the witnesses that are trusted', async () => {
    const { message } = await verifyEvent(
      served(3),
      proof(3, 9, [KEY, WITNESS]),
      `${KEY.vkey}\n${WITNESS.vkey}\n`,
    );
    expect(message).toBe(`The event is leaf 3 of ${ORIGIN} at size 9 (cosigned by witness.example).`);
  });

  it.each([
    ['the key of another log', OTHER.vkey, 'No key of'],
    ['no key', '', 'No key of'],
    ['a witness alone', WITNESS.vkey, 'No key of'],
    ['what is no vkey', 'hello', 'This is no vkey: hello'],
  ])('is not proven by %s', async (_, vkeys, message) => {
    const verdict = await verifyEvent(served(3), proof(3, 9, [KEY, WITNESS]), vkeys);
    expect(verdict.valid).toBe(false);
    expect(verdict.message).toContain(message);
  });

  it.each([
    ['a hash', (text: string) => text.replace(/\n[A-Za-z0-9+/]{4}/, '\nAAAA')],
    ['the index', (text: string) => text.replace('index 3', 'index 4')],
    ['the size', (text: string) => text.replace('\n9\n', '\n8\n')],
    ['everything', () => 'hello'],
  ])('is not proven when %s of the proof is altered', async (_, alter) => {
    expect(await verifyEvent(served(3), alter(proof(3, 9)), KEY.vkey)).toMatchObject({ valid: false });
  });
});

describe('an export', () => {
  const whole = (size: number, prunedTo = 0): string[] => exported({ size, prunedTo });

  it.each([
    [1, 0],
    [2, 0],
    [255, 0],
    [256, 0],
    [257, 0],
    [300, 0],
    [300, 1],
    [300, 7],
    [300, 256],
    [300, 299],
  ])('of %i leaves, %i of them pruned, is proven', async (size, prunedTo) => {
    const verdict = await verifyExport(whole(size, prunedTo), KEY.vkey, NO_TILES);
    expect(verdict).toMatchObject({ valid: true });
    expect(verdict.message).toContain(`All ${size - prunedTo} events`);
  });

  it.each([0, 17, 256, 299])(
    'of which event %i was altered is not, and the place is named',
    async (index) => {
      const lines = whole(300);
      lines[index + 1] = (lines[index + 1] ?? '').replace('customer.patch', 'audit.read');
      expect(await verifyExport(lines, KEY.vkey, tileAt)).toEqual({
        valid: false,
        message: `The event at leaf ${index} was altered.`,
      });
    },
  );

  it.each([
    ['an event is missing', (lines: string[]) => lines.splice(5, 1), 'Leaf 4 is missing'],
    [
      'the last event is missing',
      (lines: string[]) => lines.splice(300, 1),
      'The export says 300 events, and has 299',
    ],
    ['the end is missing', (lines: string[]) => lines.splice(299, 3), 'The export ends at leaf 298'],
    [
      'it has no checkpoint',
      (lines: string[]) => lines.splice(0, 1, '{"export":{"complete":false}}'),
      'no complete export',
    ],
    ['a line is cut', (lines: string[]) => lines.splice(9, 1, '{"id":'), 'JSON'],
  ])('in which %s is not', async (_, spoil, message) => {
    const lines = whole(300);
    spoil(lines);
    const verdict = await verifyExport(lines, KEY.vkey, tileAt);
    expect(verdict.valid).toBe(false);
    expect(verdict.message).toContain(message);
  });

  it('is the tree that the second implementation makes', () => {
    expect(treeHash(leaves.slice(0, 3)).toString('base64')).toBe(note(3).split('\n')[2]);
  });
});
