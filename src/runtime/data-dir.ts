import { mkdirSync } from 'node:fs';

/** DATA_DIR cannot hold what the service keeps there. */
export class DataDirUnusable extends Error {
  override readonly name = 'DataDirUnusable';

  constructor(folder: string, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    super(`DATA_DIR ${folder} cannot be used (${code}); choose a folder that the service may write`, {
      cause,
    });
  }
}

/**
 * Creates DATA_DIR if needed. Only its owner may read it.
 * @throws DataDirUnusable
 */
export function makeDataDir(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DataDirUnusable(folder, error);
  }
}
