import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

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
    makeFolder(folder);
  } catch (error) {
    throw new DataDirUnusable(folder, error);
  }
}

/** Folder by folder: Node's `recursive` never ends where a folder exists and none can be made in it (`/proc`). */
function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  if (folder !== dirname(folder)) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
