import { existsSync } from 'node:fs';
import type { Config } from './config.js';
import { readEnvironment } from './environment.js';
import type { Environment } from './setting-reader.js';

/**
 * The Config of this process. Outside production an `.env` file in the working directory adds variables that the
 * environment does not set. This is the only place that reads process.env.
 */
export function loadConfig(): Config {
  if (process.env['NODE_ENV'] !== 'production' && existsSync('.env')) process.loadEnvFile('.env');
  return readEnvironment(process.env);
}

/** The variables that the tenants' file may use for its tokens. */
export function processEnvironment(): Environment {
  return process.env;
}
