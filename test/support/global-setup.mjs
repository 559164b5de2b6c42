import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { startPostgres } from './postgres-server.mjs';

/**
 * Builds dist/ for the tests that run it, and prepares what test files get their databases from: an embedded one,
 * made once and copied, and with TEST_DATABASE=postgres a PostgreSQL server, unless TEST_DATABASE_URL names one.
 */
export default async function globalSetup() {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = mkdtempSync(join(tmpdir(), 'billing-bff-template-'));
  const template = await PGlite.create(folder);
  await template.close();
  process.env.TEST_DATABASE_TEMPLATE = folder;
  if (process.env.TEST_DATABASE === 'postgres') process.env.TEST_DATABASE_URL ??= await startPostgres();
}
