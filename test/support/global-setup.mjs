import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { startPostgres } from './postgres-server.mjs';

/**
 * Builds dist/ for the tests that run it, and prepares what test files get their databases from: an embedded one,
 * made once and copied, and with TEST_DATABASE=postgres a PostgreSQL server, unless TEST_DATABASE_URL names one.
 */
export default async function globalSetup() {
  const folder = mkdtempSync(join(tmpdir(), 'billing-bff-template-'));
  await Promise.all([build(), createDatabase(join(folder, 'database'))]);
  await migrate(folder);
  process.env.TEST_DATABASE_TEMPLATE = folder;
  if (process.env.TEST_DATABASE === 'postgres') process.env.TEST_DATABASE_URL ??= await startPostgres();
}

async function build() {
  try {
    await promisify(execFile)('npm', ['run', '--silent', 'build']);
  } catch (error) {
    throw new Error(`the build fails:\n${error.stdout}${error.stderr}`, { cause: error });
  }
}

async function createDatabase(folder) {
  // Segments of 1 MB instead of 16: every copy pays for them.
  const database = await PGlite.create(folder, { initDbStartParams: ['--wal-segsize=1'] });
  await database.close();
}

/** As the service does it at its first start; later starts find nothing left to do. */
async function migrate(dataDir) {
  const { Database } = await import('../../dist/database/database.js');
  const { sql } = await import('kysely');
  const logger = { info: () => undefined };
  const database = new Database({ dataDir }, logger);
  await database.onModuleInit();
  // Two thirds of the files are databases for CREATE DATABASE alone: nothing here uses them, every copy pays.
  await sql`update pg_database set datistemplate = false where datistemplate`.execute(database.kysely);
  for (const name of ['template0', 'template1']) {
    await sql`drop database ${sql.id(name)}`.execute(database.kysely);
  }
  await sql`checkpoint`.execute(database.kysely);
  await database.onApplicationShutdown();
}
