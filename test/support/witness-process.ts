import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds until a witness has to listen. */
const DEADLINE = 30_000;
const running = new Set<ChildProcess>();

export interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

/** The folder of a witness: its key, its state, the keys of the logs that it knows. */
export class WitnessFolder {
  private constructor(private readonly path: string) {}

  static async make(vkeys: readonly string[]): Promise<WitnessFolder> {
    const folder = new WitnessFolder(await mkdtemp(join(tmpdir(), 'witness-')));
    await folder.know(vkeys);
    return folder;
  }

  async know(vkeys: readonly string[]): Promise<void> {
    await writeFile(this.file('vkeys.txt'), vkeys.map((vkey) => `${vkey}\n`).join(''));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  async state(): Promise<unknown> {
    return JSON.parse(await readFile(this.file('state.json'), 'utf8'));
  }

  async mode(name: string): Promise<string> {
    return ((await stat(this.file(name))).mode & 0o777).toString(8);
  }

  /** @param name the witness's own name */
  start(name: string): Promise<WitnessProcess> {
    const files = ['--keys', this.file('vkeys.txt'), '--state', this.file('state.json')];
    return WitnessProcess.start(['--name', name, ...files, '--key', this.file('witness.key')]);
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** `node scripts/audit-witness.mjs`. */
export class WitnessProcess {
  readonly ended: Promise<number | NodeJS.Signals>;

  private constructor(
    private readonly child: ChildProcess,
    readonly vkey: string,
    readonly url: string,
  ) {
    this.ended = endOf(child);
  }

  static async start(args: readonly string[]): Promise<WitnessProcess> {
    const child = spawnWitness(args);
    let out = '';
    const [, vkey = '', url = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`the witness does not listen: ${out}`));
      }, DEADLINE);
      const settle = (act: () => void): void => {
        clearTimeout(deadline);
        act();
      };
      void endOf(child).then((end) => {
        settle(() => {
          reject(new Error(`the witness ended (${end}): ${out}`));
        });
      });
      child.stderr?.on('data', (text: Buffer) => (out += text.toString()));
      child.stdout?.on('data', (text: Buffer) => {
        out += text.toString();
        const said = /^(\S+)\nlistening on (http:\S+)\n/.exec(out);
        if (said !== null)
          settle(() => {
            resolve(said);
          });
      });
    });
    return new WitnessProcess(child, vkey, url);
  }

  post(body: string | Buffer, path = '/add-checkpoint'): Promise<Answered> {
    return this.send('POST', path, body);
  }

  async send(method: string, path: string, body?: string | Buffer): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, { method, body: body ?? null });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.signal(signal);
    return this.ended;
  }
}

/** Runs it to its end. */
export async function runWitness(
  args: readonly string[],
): Promise<{ readonly code: number | NodeJS.Signals; readonly out: string; readonly err: string }> {
  const child = spawnWitness(args);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (err += text.toString()));
  return { code: await endOf(child), out, err };
}

/** Leaves no witness behind, whatever failed. */
export async function stopWitnesses(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGKILL');
      await endOf(child);
    }),
  );
}

function spawnWitness(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['scripts/audit-witness.mjs', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      resolve(signal ?? code ?? -1);
    });
  });
}
