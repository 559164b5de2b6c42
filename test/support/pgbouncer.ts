import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Debian's package puts it there. */
const PGBOUNCER = '/usr/sbin/pgbouncer';
/** PgBouncer refuses to run as root; any other user does. 65534 is `nobody`. */
const UNPRIVILEGED = 65_534;
const START_TIMEOUT = 10_000;

export const HAS_PGBOUNCER = existsSync(PGBOUNCER);

/** PgBouncer with its defaults, but for the way it pools, in front of one database. */
export class PgBouncer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    /** The database through it. */
    readonly url: string,
  ) {}

  static async start(
    databaseUrl: string,
    poolMode: 'session' | 'transaction' | 'statement',
  ): Promise<PgBouncer> {
    const { hostname, port, pathname, username, password } = new URL(databaseUrl);
    const folder = await mkdtemp(join(tmpdir(), 'bff-pgbouncer-'));
    const listen = await freePort();
    const users = join(folder, 'users.txt');
    const settings = join(folder, 'pgbouncer.ini');
    await writeFile(users, `"${username}" "${password}"\n`);
    await writeFile(
      settings,
      [
        '[databases]',
        `${pathname.slice(1)} = host=${hostname} port=${port}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${listen}`,
        'unix_socket_dir =',
        'auth_type = plain',
        `auth_file = ${users}`,
        `pool_mode = ${poolMode}`,
      ].join('\n'),
    );
    const identity = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
    if ('uid' in identity)
      for (const path of [folder, users, settings]) chownSync(path, UNPRIVILEGED, UNPRIVILEGED);
    chmodSync(folder, 0o700);
    const child = spawn(PGBOUNCER, ['-q', settings], { ...identity, stdio: 'ignore' });
    const url = new URL(databaseUrl);
    url.port = String(listen);
    const bouncer = new PgBouncer(child, folder, url.href);
    await bouncer.untilItAnswers();
    return bouncer;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.exitCode === null && this.process.kill('SIGKILL')) await ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  private async untilItAnswers(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT;
    for (;;) {
      const client = new pg.Client({ connectionString: this.url });
      try {
        await client.connect();
        await client.end();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
