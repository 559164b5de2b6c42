import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SandboxFault } from './fault.js';
import { HOST } from './listen.js';
import { readableLine } from './log-line.js';
import { DeadlinePassed, poll, within } from './wait.js';

export interface BffOptions {
  /** The BFF's compiled `main.js`. */
  entry: string;
  /** The whole environment of the BFF. */
  env: Record<string, string>;
  /** Working directory; not the repository, so that no `.env` file there adds settings. */
  cwd: string;
  signal: AbortSignal;
  /** Time limit until it listens, and again until it is ready. */
  deadlineMs?: number;
}

/** The running BFF. */
export interface BffProcess {
  readonly url: string;
  /** Resolves with a text about how it ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const LISTENING = new RegExp(`listening on (http://${HOST.replaceAll('.', '\\.')}:\\d+)`);
const LAST_LINES = 20;
const START_DEADLINE_MS = 60_000;
/** Longer than the BFF's deadline for a request in flight. */
const STOP_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;

/**
 * Loaded into the child before the BFF. When the launcher dies in any way, the channel between them closes, and the
 * BFF stops as after a signal. Nobody reads its output then, so it exits without a last flush, which some loggers
 * repeat for ever on a broken pipe. The BFF itself does not know the sandbox.
 */
const STOP_WITH_LAUNCHER = `data:text/javascript,${encodeURIComponent(`
  process.once('disconnect', () => {
    process.prependListener('exit', () => process.kill(process.pid, 'SIGKILL'));
    process.kill(process.pid, 'SIGTERM');
  });
  process.channel?.unref();
`)}`;

/**
 * Starts the BFF as a child process and waits until it listens and is ready. Its output is held back until then: on a
 * failure it goes into the error, otherwise to the terminal, like all later output.
 * @throws SandboxFault with its last lines if it ends early or is not ready in time
 */
export async function startBff(options: BffOptions): Promise<BffProcess> {
  const { entry, env, cwd, signal, deadlineMs = START_DEADLINE_MS } = options;
  const child = spawn(process.execPath, ['--import', STOP_WITH_LAUNCHER, entry], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = new Output(child);
  const ended = endOf(child);
  const endedEarly = ended.then((how) =>
    Promise.reject(new SandboxFault(`The BFF ${how} before it was ready.${output.lastLines()}`)),
  );
  endedEarly.catch(() => undefined); // An end after the start is not early; waiters below handle it themselves.
  let awaited = 'said where it listens';
  try {
    const url = await within(Promise.race([output.listening, endedEarly]), deadlineMs, signal);
    awaited = `answered 200 at ${url}/health/ready`;
    const ready = poll(() => isReady(url), { deadlineMs, everyMs: 100, signal });
    await Promise.race([ready, endedEarly]);
    output.release();
    return { url, ended, stop: () => stop(child, ended) };
  } catch (error) {
    await stop(child, ended);
    if (!(error instanceof DeadlinePassed)) throw error;
    throw new SandboxFault(
      `After ${deadlineMs / 1000} s the BFF had not yet ${awaited}.${output.lastLines()}`,
    );
  }
}

/** The child's output, held back until released. */
class Output {
  /** The address, when it has been printed. */
  readonly listening: Promise<string>;
  readonly #held: { to: NodeJS.WriteStream; line: string }[] = [];
  #released = false;

  constructor({ stdout, stderr }: ChildProcess) {
    if (stdout === null || stderr === null) throw new TypeError('the child has no pipes');
    this.listening = new Promise((resolve) => {
      createInterface({ input: stdout }).on('line', (line) => {
        this.#take(process.stdout, line);
        const url = LISTENING.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
    });
    createInterface({ input: stderr }).on('line', (line) => {
      this.#take(process.stderr, line);
    });
  }

  release(): void {
    this.#released = true;
    for (const { to, line } of this.#held.splice(0)) write(to, line);
  }

  lastLines(): string {
    const lines = this.#held.slice(-LAST_LINES).map(({ line }) => `\n  ${line}`);
    return lines.length === 0 ? ' It printed nothing.' : ` Its last lines:${lines.join('')}`;
  }

  #take(to: NodeJS.WriteStream, line: string): void {
    if (this.#released) write(to, line);
    else this.#held.push({ to, line });
  }
}

/** Readable lines for a terminal; the log's own JSON for programs. */
function write(to: NodeJS.WriteStream, line: string): void {
  to.write(`${to.isTTY ? readableLine(line) : line}\n`);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(`could not be started (${error.message})`);
    });
    // 'close' and not 'exit': then all output has arrived.
    child.once('close', (code, killedBy) => {
      resolve(killedBy === null ? `ended with exit code ${String(code)}` : `was ended by ${killedBy}`);
    });
  });
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  for (const [how, deadlineMs] of [
    ['SIGTERM', STOP_DEADLINE_MS],
    ['SIGKILL', KILL_DEADLINE_MS],
  ] as const) {
    child.kill(how);
    try {
      await within(ended, deadlineMs);
      return;
    } catch (error) {
      if (!(error instanceof DeadlinePassed)) throw error;
    }
  }
}

async function isReady(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.status === 200 ? true : undefined;
  } catch {
    return undefined; // Not ready yet; the caller has the deadline.
  }
}
