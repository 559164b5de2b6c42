import { rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { DataDirUnusable, makeDataDir } from '../runtime/data-dir.js';

/** Another process uses the folder. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/** The lock's socket in the folder would have too long a path. */
export class FolderPathTooLong extends Error {
  override readonly name = 'FolderPathTooLong';
}

/** The longest socket path that all systems allow, without the terminator. */
const MAX_SOCKET_PATH = 103;

/**
 * Locks a folder for this process, and creates it if needed. Returns a function that unlocks it. The lock is a
 * listening UNIX socket in the folder. The kernel closes it when the process ends, in any way. A connection attempt
 * distinguishes a living holder from the file of a dead one.
 * @throws FolderInUse, FolderPathTooLong, DataDirUnusable
 */
export async function takeFolder(folder: string): Promise<() => Promise<void>> {
  makeDataDir(folder);
  const path = socketPath(folder);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const server = await listen(path, folder);
    if (server !== undefined) return () => close(server);
    if (await isAlive(path)) throw inUse(folder);
    await clearAway(path, folder, attempt);
  }
  throw inUse(folder);
}

function inUse(folder: string): FolderInUse {
  return new FolderInUse(`another process uses ${folder}; stop it, or choose another DATA_DIR`);
}

function socketPath(folder: string): string {
  const absolute = join(folder, 'in-use.sock');
  const shortest =
    [absolute, relative(process.cwd(), absolute)].sort((a, b) => a.length - b.length)[0] ?? absolute;
  if (Buffer.byteLength(shortest) <= MAX_SOCKET_PATH) return shortest;
  throw new FolderPathTooLong(
    `the path of DATA_DIR is too long (${folder.length} characters); choose a shorter one`,
  );
}

/** Undefined if the path exists, from a living or a dead process. */
function listen(path: string, folder: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new DataDirUnusable(folder, error));
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/**
 * Moves a dead socket away before removing it: only one process can move a given file. Then it tries to connect once
 * more, in case another process had just put its own socket in place.
 */
async function clearAway(path: string, folder: string, attempt: number): Promise<void> {
  const aside = `${path}.${process.pid}.${attempt}`;
  try {
    await rename(path, aside);
  } catch {
    return; // Another process moved it first.
  }
  if (await isAlive(aside)) {
    await rename(aside, path);
    throw inUse(folder);
  }
  await rm(aside, { force: true });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
