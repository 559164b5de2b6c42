import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { build } from './build.mjs';
import { startPostgres } from './postgres-server.mjs';

/**
 * Builds dist/, which the tests run, and prepares what they get their databases from: a PostgreSQL server, unless
 * TEST_DATABASE_URL names one, or, with TEST_DATABASE=embedded, an embedded database.
 */
export default async function globalSetup() {
  if (process.env.TEST_DATABASE === 'embedded') {
    const folder = mkdtempSync(join(tmpdir(), 'billing-bff-template-'));
    process.env.TEST_DATABASE_TEMPLATE = folder;
    await Promise.all([build(), createEmbedded(join(folder, 'database'))]);
    await migrateEmbedded(folder);
  } else if (process.env.TEST_DATABASE_URL === undefined) {
    const [server] = await Promise.all([startPostgres(), build()]);
    process.env.TEST_DATABASE_URL = server;
    await migrateTemplate(new URL(server));
  } else {
    await build();
  }
}

/** What CREATE DATABASE copies. */
async function migrateTemplate(url) {
  url.pathname = '/template1';
  await migrate({ databaseUrl: url.href });
}

async function createEmbedded(folder) {
  // Segments of 1 MB instead of 16: every copy pays for them.
  const database = await PGlite.create(folder, { initDbStartParams: ['--wal-segsize=1'] });
  await database.close();
}

async function migrateEmbedded(dataDir) {
  const { sql } = await import('kysely');
  await migrate({ dataDir }, async ({ kysely }) => {
    // Two thirds of the files are databases for CREATE DATABASE alone: nothing here uses them, every copy pays.
    await sql`update pg_database set datistemplate = false where datistemplate`.execute(kysely);
    for (const name of ['template0', 'template1']) await sql`drop database ${sql.id(name)}`.execute(kysely);
    await sql`checkpoint`.execute(kysely);
  });
}

/** As the service does it at its first start; later starts find nothing left to do. */
async function migrate(config, finish = () => Promise.resolve()) {
  const { Database } = await import('../../dist/database/database.js');
  const { SystemClock } = await import('../../dist/runtime/clock.js');
  const database = new Database(config, { info: () => undefined }, new SystemClock());
  await database.migrate();
  await finish(database);
  await database.onApplicationShutdown();
}
