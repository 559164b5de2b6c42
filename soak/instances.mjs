// The service, as processes: scripts/start.sh with production settings.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { undoLater, within } from '../bench/harness.mjs';
import { rssMb } from '../bench/processes.mjs';

const START = fileURLToPath(new URL('../scripts/start.sh', import.meta.url));
/** Milliseconds; a stop has the delay, the deadline and the grace of docs/operations.md. */
const START_WITHIN = 60_000;
const STOP_WITHIN = 35_000;
const ERROR = 50;
/** Milliseconds between two looks at the memory. */
const SAMPLE_EVERY = 2_000;

/** Loaded before the service: no instance outlives this process, however that ends. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
`)}`;

/** Three instances that can be stopped, killed and started again, each by its number. */
export class Instances {
  /** The processes that run; undefined while one does not. */
  running = [undefined, undefined, undefined];
  /** What ended although nobody asked. */
  unexpected = [];
  /** Counts of the messages of level error and above. */
  errors = new Map();
  /** Resident memory in MB: process, phase, value. */
  samples = [];

  constructor({ environment, folder, logs, phase }) {
    Object.assign(this, { environment, folder, logs, phase });
    const sampling = setInterval(() => this.sample(), SAMPLE_EVERY);
    undoLater(() => clearInterval(sampling));
  }

  async start(number) {
    const child = spawn(START, [], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, NODE_OPTIONS: `--import=${HOOK}`, ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const instance = { number, pid: child.pid, child, isAsked: false };
    instance.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    undoLater(() => this.kill(instance));
    void instance.ended.then((how) => {
      if (!instance.isAsked) this.unexpected.push(`instance ${number} ended with ${how}`);
    });
    const log = createWriteStream(join(this.logs, `instance-${number}.log`), { flags: 'a' });
    const listening = new Promise((resolve, reject) => {
      for (const input of [child.stdout, child.stderr])
        createInterface({ input }).on('line', (line) => {
          log.write(`${line}\n`);
          this.countError(line);
          const [, url] = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(line) ?? [];
          if (url !== undefined) resolve(url);
        });
      void instance.ended.then((how) =>
        reject(new Error(`instance ${number} ended with ${how} at its start`)),
      );
    });
    instance.url = await within(START_WITHIN, `instance ${number} did not start in time`, listening);
    this.running[number] = instance;
  }

  /** As a platform does. */
  async stop(number) {
    const instance = this.running[number];
    instance.isAsked = true;
    instance.child.kill('SIGTERM');
    const how = await within(STOP_WITHIN, `instance ${number} did not stop in time`, instance.ended);
    if (how !== 0) this.unexpected.push(`instance ${number} ended with ${how} when it was stopped`);
    if (this.running[number] === instance) this.running[number] = undefined;
  }

  /** As a host that is lost. */
  async kill(instance) {
    instance.isAsked = true;
    instance.child.kill('SIGKILL');
    await instance.ended;
    if (this.running[instance.number] === instance) this.running[instance.number] = undefined;
  }

  sample() {
    for (const instance of this.running) {
      if (instance === undefined) continue;
      try {
        this.samples.push({ ...instance, phase: this.phase(), mb: rssMb(instance.pid) });
      } catch {
        // It has just ended.
      }
    }
  }

  countError(line) {
    if (!line.startsWith('{')) return;
    const { level, msg } = JSON.parse(line);
    if (level >= ERROR) this.errors.set(msg, (this.errors.get(msg) ?? 0) + 1);
  }
}
