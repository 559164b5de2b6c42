import { randomFillSync } from 'node:crypto';

/** Random bytes per call: one call costs as much as a thousand bytes. */
const POOL = 4_096;

/** Random bytes for ids. They are not for secrets, because future bytes are already in memory. */
export function pooledRandom(): (bytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL);
  let used = POOL;
  return (bytes) => {
    if (used + bytes > POOL) {
      randomFillSync(pool);
      used = 0;
    }
    used += bytes;
    return pool.slice(used - bytes, used);
  };
}
