import canonicalize from 'canonicalize';
import { checkpointOf, leafHash, noteKey, type NoteKey, rangeHashes } from './second-log.js';

export const LOG = 'bff.example/acme';
const START = Date.UTC(2026, 9, 5, 8);

export interface ExportOptions {
  readonly from?: number;
  readonly to?: number;
  /** Ranges without their events, in order. */
  readonly pruned?: readonly (readonly [from: number, to: number])[];
  readonly keys?: readonly NoteKey[];
  readonly header?: object;
  /** Members that the line of an event has besides. */
  readonly shown?: (leaf: number, event: object) => object;
}

/** A trail and its log, made without the service. */
export class SyntheticTrail {
  readonly key = noteKey(LOG);
  readonly texts: string[] = [];
  readonly leaves: Buffer[] = [];

  constructor(count = 0) {
    for (let n = 0; n < count; n += 1) this.add();
  }

  /** @param at milliseconds since the epoch; by default a minute after the one before */
  add(at = START + 60_000 * this.texts.length, members: object = {}): this {
    const n = this.texts.length;
    const event = {
      id: idOf(at, n),
      tenant_id: 'acme',
      occurred_at: new Date(at).toISOString(),
      actor: { type: 'user', sub: `user-${n}`, scopes: ['customers:write'] },
      changes: [{ field: 'name', before: 'Ä***', after: 'B***\u2028', effect: 'applied' }],
      ...members,
    };
    const text = canonicalize(event) ?? '';
    this.texts.push(text);
    this.leaves.push(leafHash(text));
    return this;
  }

  checkpoint(size = this.leaves.length, keys: readonly NoteKey[] = [this.key], at?: number): string {
    return checkpointOf(LOG, this.leaves.slice(0, size), keys, at);
  }

  /** Lines of an export. */
  export(options: ExportOptions = {}): string[] {
    const { from = 0, to = this.texts.length, pruned = [], keys, header, shown } = options;
    const checkpoint = this.checkpoint(to, keys);
    const ends = new Map(pruned);
    const body: string[] = [];
    let events = 0;
    for (let leaf = from; leaf < to;) {
      const end = ends.get(leaf);
      if (end === undefined) {
        body.push(this.line(leaf, shown));
        events += 1;
        leaf += 1;
      } else {
        const hashes = rangeHashes(leaf, end, this.leaves).map((hash) => hash.toString('base64'));
        body.push(JSON.stringify({ pruned: { from: leaf, to: end, hashes } }));
        leaf = end;
      }
    }
    return [
      JSON.stringify({ export: { origin: LOG, from_leaf: from, to_leaf: to, checkpoint, ...header } }),
      ...body,
      JSON.stringify({ end: { events } }),
    ];
  }

  private line(leaf: number, shown?: (leaf: number, event: object) => object): string {
    const text = this.texts[leaf] ?? '';
    if (shown === undefined) return `${text.slice(0, -1)},"leaf_index":${leaf}}`;
    return JSON.stringify({ ...shown(leaf, JSON.parse(text) as object), leaf_index: leaf });
  }
}

/** A UUIDv7. */
export function idOf(at: number, n: number): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}`;
}
