import 'reflect-metadata';
import { ConfigError } from './config/environment.js';
import { loadMigrationSettings } from './config/load.js';
import { Database, DatabaseUnusable } from './database/database.js';
import { LogOutput } from './http/log-output.js';
import { createLogger } from './http/logger.js';
import { SystemClock } from './runtime/clock.js';

/** `npm run migrate`: brings the database up to date and exits, with 1 and the reason if it can't. */
async function run(): Promise<void> {
  const settings = loadMigrationSettings();
  const logger = createLogger(settings.logLevel, new LogOutput(process.stdout, process.stdout.isTTY));
  const database = new Database({ ...settings, migrateAtStart: true }, logger, new SystemClock());
  try {
    const count = await database.migrate();
    // Unset, it leaves what an earlier run stored: a forgotten setting must not end the retention.
    if (settings.auditRetentionDays !== undefined) await database.storeRetention();
    const which = settings.databaseUrl === undefined ? `embedded in ${settings.dataDir}` : 'of DATABASE_URL';
    process.stdout.write(`The database ${which} is up to date; migrations that were run: ${count}.\n`);
  } finally {
    await database.onApplicationShutdown();
  }
}

try {
  await run();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof DatabaseUnusable)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
