import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { startPostgres } from './postgres-server.mjs';

/**
 * Builds dist/ for the tests that run it, and prepares what each test file gets a database from: a PostgreSQL
 * server with TEST_DATABASE=postgres or TEST_DATABASE_URL, else an embedded database made once and copied.
 */
export default async function globalSetup() {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (process.env.TEST_DATABASE_URL !== undefined) return;
  if (process.env.TEST_DATABASE === 'postgres') {
    process.env.TEST_DATABASE_URL = await startPostgres();
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'billing-bff-template-'));
  const template = await PGlite.create(folder);
  await template.close();
  process.env.TEST_DATABASE_TEMPLATE = folder;
}
