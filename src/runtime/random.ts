import { randomFillSync } from 'node:crypto';

/** Bytes that are asked for at once: each question costs as much as a thousand of them. */
const POOL = 4_096;

/** Random bytes for ids, which are no secrets: those to come stand in memory. */
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
