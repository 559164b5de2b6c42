import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Config } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { loadConfig } from './config/load.js';

async function start(): Promise<void> {
  const config = readSettings();
  if (config === undefined) return;
  keepCompiledCode();
  // Loaded only now: faults of the settings are reported without waiting for a framework.
  const { serve } = await import('./serve.js');
  await serve(config);
}

function readSettings(): Config | undefined {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

/**
 * The next start finds the code compiled (Node 22 and later). It is kept beside the code, because it is run like the
 * code: a folder for temporary files is open to others. Where the folder cannot be written, nothing is kept.
 */
function keepCompiledCode(): void {
  const { enableCompileCache }: CompileCache = nodeModule;
  enableCompileCache?.(fileURLToPath(new URL('.compiled', import.meta.url)));
}

interface CompileCache {
  readonly createRequire: unknown;
  readonly enableCompileCache?: (folder: string) => unknown;
}

await start();
