import type { Kysely } from 'kysely';
import type { Schema } from '../database/schema.js';
import type { AlarmReason } from './log-alarms.js';
import { LogKeys } from './log-keys.js';
import type { LogState } from './log-store.js';
import { consistencyRanges, provesConsistency, type Range } from './merkle.js';
import { TileMissing, type Tiles } from './tiles.js';

/** The leaves whose roots `faultOf` needs: the log as it is, and what proves that it only grew since its checkpoint. */
export function rangesToCheck({ size, checkpoint_size: signed }: LogState): Range[] {
  const whole = { start: 0, end: size };
  return signed > 0 && signed < size ? [whole, ...consistencyRanges(signed, size)] : [whole];
}

/** The newest state of a log that this process has stored or signed. */
export interface SeenState {
  readonly size: number;
  readonly checkpointSize: number;
}

/**
 * What is wrong with the stored state of a log; undefined if it may grow and be signed. Its tiles must have its root,
 * and must extend what its own last checkpoint says, which this service must have signed.
 */
export async function faultOf(
  state: LogState,
  tiles: Tiles,
  seen: SeenState | undefined,
  keys: LogKeys,
  database: Kysely<Schema>,
): Promise<AlarmReason | undefined> {
  const { size, checkpoint_size: signed } = state;
  if (seen !== undefined && (size < seen.size || signed < seen.checkpointSize)) return 'went-back';
  return (await fitsCheckpoint(state, tiles, keys, database)) ? undefined : 'state-does-not-fit-checkpoint';
}

async function fitsCheckpoint(
  state: LogState,
  tiles: Tiles,
  keys: LogKeys,
  database: Kysely<Schema>,
): Promise<boolean> {
  const { log, size, root, checkpoint, checkpoint_size: signed } = state;
  const own = checkpoint === null ? undefined : await keys.readOwn(log, checkpoint, database);
  if (signed > size || (checkpoint === null) !== (signed === 0) || own?.size !== (signed || undefined))
    return false;
  try {
    const path = consistencyRanges(signed, size).map((range) => tiles.rootOf(range));
    const tilesFit = tiles.rootOf({ start: 0, end: size }).equals(root);
    return tilesFit && (own === undefined || provesConsistency(own, state, path));
  } catch (error) {
    if (error instanceof TileMissing) return false;
    throw error;
  }
}
