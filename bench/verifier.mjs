// The auditor's verifier, timed, and the memory that it took.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { rssMb, within } from './harness.mjs';

const VERIFIER = fileURLToPath(new URL('../scripts/audit-verify.mjs', import.meta.url));

/** Runs the verifier with these words, within so many milliseconds. @throws what it says, unless all is valid */
export async function verify(words, deadline) {
  const began = performance.now();
  const child = spawn(process.execPath, [VERIFIER, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk));
  let memory = 0;
  const watch = setInterval(() => {
    if (child.exitCode === null) memory = Math.max(memory, rssMb(child.pid) || 0);
  }, 50);
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    const code = await within(deadline, 'the verifier took too long', ended);
    if (code !== 0) throw new Error(said);
  } finally {
    clearInterval(watch);
    child.kill();
  }
  return { seconds: (performance.now() - began) / 1_000, memory, said };
}
