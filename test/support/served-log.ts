import { randomUUID } from 'node:crypto';
import type { leafOf } from '../../console/src/log/verify.js';
import { checkpointOf, leafHash, noteKey, rangeHashes } from './second-log.js';

// A log of three hundred events, as the BFF serves it to the console.

/** What the console's verification takes: an event of the API. */
export type Event = Parameters<typeof leafOf>[0];

export const ORIGIN = 'billing-bff.local/acme';
export const KEY = noteKey(ORIGIN);
export const NO_TILES = (): Promise<Uint8Array<ArrayBuffer>> => Promise.resolve(new Uint8Array());

/** The stored text of an event: its members are in order. */
function storedText(index: number): string {
  return JSON.stringify({
    action: 'customer.patch',
    changes: [{ after: '€ É\u2028', field: 'name' }],
    id: randomUUID(),
    n: index,
  });
}

const texts = Array.from({ length: 300 }, (_, index) => storedText(index));
export const leaves = texts.map(leafHash);
/** As a reader gets it. */
export const served = (index: number): Event =>
  ({ ...(JSON.parse(texts[index] ?? '') as object), leaf_index: index }) as unknown as Event;
/** A signed checkpoint of the first leaves. */
export const note = (size: number, keys = [KEY]): string => checkpointOf(ORIGIN, leaves.slice(0, size), keys);

/** The lines of an NDJSON export. */
export const exported = ({
  size,
  from = 0,
  prunedTo = from,
}: {
  size: number;
  from?: number;
  prunedTo?: number;
}): string[] => [
  JSON.stringify({ export: { origin: ORIGIN, from_leaf: from, to_leaf: size, checkpoint: note(size) } }),
  ...(prunedTo === from
    ? []
    : [
        JSON.stringify({
          pruned: {
            from,
            to: prunedTo,
            hashes: rangeHashes(from, prunedTo, leaves).map((hash) => hash.toString('base64')),
          },
        }),
      ]),
  ...texts.slice(prunedTo, size).map((_, at) => JSON.stringify(served(prunedTo + at))),
  JSON.stringify({ end: { events: size - prunedTo } }),
  '',
];
/** Level-0 hashes. */
export const tileAt = (n: number, width: number): Promise<Uint8Array<ArrayBuffer>> =>
  Promise.resolve(Uint8Array.from(Buffer.concat(leaves.slice(256 * n, 256 * n + width))));
