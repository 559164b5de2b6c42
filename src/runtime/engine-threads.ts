import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** Threads that V8 has for its own work, unless `--v8-pool-size` says otherwise. */
const POOL_SIZE = 4;
/** How much nicer they get. Of a busy CPU, each gets a thirtieth of what the main thread gets (29 to 1,024, sched(7)). */
const NICER = 16;
/** Linux counts threads up to 2²² (proc(5), `pid_max`), and then begins again. */
const THREAD_IDS = 2 ** 22;

/**
 * Requests go first: V8's own threads, which optimise code and help to collect garbage, get a lower priority. While a
 * process is new, they would take nearly half of a CPU, and patches would queue behind them. Linux alone has priorities
 * of threads (setpriority(2), “C library/kernel differences”); elsewhere nothing happens.
 * @param nodeOptions the flags that Node.js runs with: where they set the size of the pool, it is left alone
 */
export function lowerEngineThreads(nodeOptions: readonly string[]): void {
  if (process.platform !== 'linux') return;
  if (nodeOptions.some((option) => /v8[-_]pool[-_]size/.test(option))) return;
  try {
    // From where the process is: it may have a low priority itself, and nothing may get a higher one here.
    const priority = Math.min(getPriority() + NICER, constants.priority.PRIORITY_LOW);
    for (const thread of engineThreads()) setPriority(thread, priority);
  } catch {
    // A sandbox may forbid it, or have no /proc. The first seconds are less smooth then.
  }
}

/** Node.js creates them first, right after the thread that keeps the time of delayed tasks. */
function engineThreads(): number[] {
  const age = (thread: number): number => (thread - process.pid + THREAD_IDS) % THREAD_IDS;
  const [, , ...threads] = readdirSync('/proc/self/task')
    .map(Number)
    .sort((one, other) => age(one) - age(other));
  return threads.slice(0, POOL_SIZE);
}
