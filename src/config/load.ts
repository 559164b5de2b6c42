import { existsSync } from 'node:fs';
import type { Config, MigrationSettings } from './config.js';
import { readEnvironment, readMigrationSettings } from './environment.js';
import type { Environment } from './setting-reader.js';

/**
 * The Config of this process. Outside production an `.env` file in the working directory adds variables that the
 * environment does not set. This file is the only one that reads process.env.
 */
export function loadConfig(): Config {
  loadEnvFile();
  return readEnvironment(process.env);
}

/** The settings of `npm run migrate`, from the same places. */
export function loadMigrationSettings(): MigrationSettings {
  loadEnvFile();
  return readMigrationSettings(process.env);
}

function loadEnvFile(): void {
  if (process.env['NODE_ENV'] !== 'production' && existsSync('.env')) process.loadEnvFile('.env');
}

/** The variables that the tenants' file may use for its tokens. */
export function processEnvironment(): Environment {
  return process.env;
}
