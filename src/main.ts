import type { Config } from './config/config.js';
import { ConfigError } from './config/environment.js';
import { loadConfig } from './config/load.js';

async function start(): Promise<void> {
  const config = readSettings();
  if (config === undefined) return;
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

await start();
