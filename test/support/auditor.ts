import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';

export interface Verdict {
  /** Exit status. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** What an auditor gives the verifier. */
export interface Evidence {
  readonly exported: string | Buffer | readonly string[];
  /** Lines of the file of keys. */
  readonly keys: readonly string[];
  /** Any text with checkpoints that were kept outside. */
  readonly checkpoints?: string | undefined;
  readonly witnesses?: readonly string[];
  readonly quorum?: number;
  /** A proof; then `exported` is an event. */
  readonly proof?: string;
}

/** An auditor's folder, with what stays in it from one export to the next. */
export class Auditor {
  private constructor(private readonly folder: string) {}

  static async atWork(): Promise<Auditor> {
    return new Auditor(await mkdtemp(join(tmpdir(), 'auditor-')));
  }

  async leave(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /**
   * Runs scripts/audit-verify.mjs.
   * @param state name of the state file, if there is to be one
   * @param flags of Node.js
   */
  async verify(evidence: Evidence, state?: string, flags: readonly string[] = []): Promise<Verdict> {
    const { exported, keys, checkpoints, witnesses = [], quorum, proof } = evidence;
    const content = typeof exported === 'string' || Buffer.isBuffer(exported) ? exported : lines(exported);
    await writeFile(this.path('export.ndjson'), content);
    await writeFile(this.path('vkeys.txt'), lines(keys));
    const args = [this.path('export.ndjson'), '--keys', this.path('vkeys.txt')];
    if (state !== undefined) args.push('--state', this.path(state));
    if (checkpoints !== undefined)
      args.push('--checkpoints', await this.keep('checkpoints.txt', checkpoints));
    if (proof !== undefined) args.push('--proof', await this.keep('event.tlog-proof', proof));
    for (const witness of witnesses) args.push('--witness', witness);
    if (quorum !== undefined) args.push('--quorum', String(quorum));
    return flags.length === 0 ? runVerifier(args) : runVerifierProcess(args, flags);
  }

  async keep(name: string, text: string): Promise<string> {
    await writeFile(this.path(name), text);
    return this.path(name);
  }

  async read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }
}

/** One verdict, in a folder of its own. */
export async function verify(evidence: Evidence): Promise<Verdict> {
  const auditor = await Auditor.atWork();
  try {
    return await auditor.verify(evidence);
  } finally {
    await auditor.leave();
  }
}

/** Runs it as it is, with arguments and output of its own, in a thread: that costs half of what a process costs. */
export async function runVerifier(args: readonly string[]): Promise<Verdict> {
  const thread = new Worker('./scripts/audit-verify.mjs', { argv: [...args], stdout: true, stderr: true });
  const ended = once(thread, 'exit') as Promise<[code: number]>;
  const [[code], out, err] = await Promise.all([ended, text(thread.stdout), text(thread.stderr)]);
  return { code, out, err };
}

/** As an auditor does. @param flags of Node.js */
export function runVerifierProcess(args: readonly string[], flags: readonly string[] = []): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, 'scripts/audit-verify.mjs', ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}
