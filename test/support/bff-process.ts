import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AUDIENCE, ISSUER, TestIdentityProvider } from './identity-provider.js';
import { ACME_TOKEN } from './start-bff.js';
import { createTestDatabase } from './test-database.js';
import { TestUpstream } from './upstream.js';

/** Milliseconds until a process has to listen or end. */
const DEADLINE = 50_000;

export const MAIN = resolve('dist/main.js');
type Command = readonly [program: string, ...words: string[]];

const running = new Set<BffProcess>();

/** `node dist/main.js`, or another command, with the settings given and no others. */
export class BffProcess {
  stdout = '';
  stderr = '';
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Its exit code, whether or not its output was read to the end. */
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  private constructor(settings: Record<string, string>, cwd: string, [program, ...words]: Command) {
    this.child = spawn(program, words, {
      cwd,
      env: { PATH: process.env['PATH'], ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolveEnd) => {
      this.child.once('close', (code, signal) => {
        running.delete(this);
        resolveEnd(signal ?? code ?? -1);
      });
    });
    this.exited = new Promise((resolveExit) => this.child.once('exit', resolveExit));
    running.add(this);
  }

  /** Only starts it: for processes that are to end by themselves. */
  static spawn(
    settings: Record<string, string>,
    cwd = tmpdir(),
    command: Command = [process.execPath, MAIN],
  ): BffProcess {
    return new BffProcess(settings, cwd, command);
  }

  /** `npm run <script>` in the repository. */
  static npm(script: string, settings: Record<string, string>): BffProcess {
    return BffProcess.spawn(settings, process.cwd(), ['npm', 'run', script]);
  }

  /**
   * Ready, not only listening: on a machine that is busy enough, the first load of the keys fails.
   * @throws when it ends instead
   */
  static async start(settings: Record<string, string>): Promise<BffProcess> {
    const bff = BffProcess.spawn(settings);
    await bff.listening();
    const probe = `${bff.adminUrl ?? bff.url ?? ''}/health/ready`;
    await bff.until(async () => (await fetch(probe)).ok, 'readiness');
    return bff;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Where its metrics and probes are if not where it listens, once it said so. */
  get adminUrl(): string | undefined {
    return /metrics and probes on (http:\/\/[^\s"]+)/.exec(this.stdout)?.[1];
  }

  /** Where it listens, once it said so. */
  get url(): string | undefined {
    return /listening on (http:\/\/[^\s"]+)/.exec(this.stdout)?.[1];
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** From now on nobody reads its output. */
  pauseOutput(): void {
    this.child.stdout?.pause();
  }

  resumeOutput(): void {
    this.child.stdout?.resume();
  }

  closeOutput(): void {
    this.child.stdout?.destroy();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Told by its output instead of looked for: whoever looks takes the CPU that the start needs. */
  async listening(): Promise<void> {
    const what = 'the line that says where it listens';
    let deadline: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((listens, reject) => {
        const fail = (how: string) => (): void => {
          reject(new Error(`${how} without ${what}:\n${this.output}`));
        };
        deadline = setTimeout(fail('timed out'), DEADLINE);
        void this.ended.then(fail('ended'));
        this.child.stdout?.on('data', () => {
          if (this.url !== undefined) listens();
        });
      });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Waits for what its output, or the world, has to show. */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const deadline = Date.now() + DEADLINE;
    while (!(await condition())) {
      if (!running.has(this)) throw new Error(`ended without ${what}:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`timed out without ${what}:\n${this.output}`);
      await new Promise((next) => setTimeout(next, 5));
    }
  }

  /** Waits until the billing API has a patch and holds it. @throws if it is answered, or fails, before */
  async untilHeld(answered: Promise<unknown>, held: () => boolean): Promise<void> {
    const early = answered.then((answer) => {
      throw new Error(`answered too early: ${JSON.stringify(answer)}\n${this.output}`);
    });
    await Promise.race([early, this.until(held, 'the patch at the billing API')]);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

/** Leaves no process behind, whatever failed. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map((each) => each.kill()));
}

/** Everything a process needs, in a folder of its own. */
export interface Surroundings {
  readonly folder: string;
  readonly tenantsFile: string;
  readonly settings: Record<string, string>;
  remove(): Promise<void>;
}

export async function createSurroundings(
  upstream: TestUpstream,
  idp: TestIdentityProvider,
): Promise<Surroundings> {
  const [folder, database] = await Promise.all([
    mkdtemp(join(tmpdir(), 'bff-process-')),
    createTestDatabase(),
  ]);
  const tenantsFile = join(folder, 'tenants.json');
  await writeFile(tenantsFile, JSON.stringify([{ id: 'acme', token: ACME_TOKEN }]));
  return {
    folder,
    tenantsFile,
    settings: {
      PORT: '0',
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_URL: idp.jwksUrl,
      BILLING_API_URL: upstream.url,
      TENANTS_FILE: tenantsFile,
      ...database.settings,
    },
    remove: async () => {
      await Promise.all([database.remove(), rm(folder, { recursive: true, force: true })]);
    },
  };
}
