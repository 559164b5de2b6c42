import path from 'node:path';
import { SandboxFault } from './fault.js';
import { type Sandbox, startSandbox } from './launcher.js';

/** `npm start`: runs the BFF with everything it needs, until Ctrl-C. */
const root = path.resolve(import.meta.dirname, '..');
const interruption = new AbortController();
const interrupted = new Promise<void>((resolve) => {
  onInterruption(() => {
    interruption.abort(new SandboxFault('Stopped before the sandbox was ready.'));
    resolve();
  });
});

// A closed output (`npm start | head`) must not leave the sandbox half-stopped.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exitCode = await run();

async function run(): Promise<number> {
  console.log('Starting the sandbox; the first start prepares a database, which takes some seconds …');
  let sandbox: Sandbox;
  try {
    const bffEntry = path.join(root, 'dist', 'main.js');
    sandbox = await startSandbox({ env: process.env, root, bffEntry, signal: interruption.signal });
  } catch (error) {
    console.error(error instanceof SandboxFault ? error.message : error);
    return interruption.signal.aborted ? 0 : 1;
  }
  for (const warning of sandbox.warnings) console.warn(warning);
  console.log(sandbox.banner);
  const bffEnded = await Promise.race([interrupted, sandbox.bffEnded]);
  if (bffEnded === undefined) console.log('Stopping …');
  else console.error(`The BFF ${bffEnded}; the sandbox stops with it.`);
  await sandbox.stop();
  return bffEnded === undefined ? 0 : 1;
}

function onInterruption(stop: () => void): void {
  // Never removed: a second Ctrl-C must not leave a half-stopped sandbox.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  if (process.env.npm_lifecycle_event === undefined) return;
  // The shell between npm and this process does not forward SIGTERM. The only sign that npm has ended is that its
  // process is gone.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, 500);
  watch.unref();
}
