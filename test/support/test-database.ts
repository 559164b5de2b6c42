import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export interface TestDatabase {
  /** Settings that point the BFF to it. */
  readonly settings: Record<string, string>;
  remove(): Promise<void>;
}

/** A database of its own, with all migrations where global-setup prepared that: on its server, or embedded. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { TEST_DATABASE_URL: server, TEST_DATABASE_TEMPLATE: template } = process.env;
  if (server !== undefined) return createOnServer(server);
  if (template !== undefined) return copyEmbedded(template);
  throw new Error('global-setup did not prepare a database');
}

async function copyEmbedded(template: string): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'bff-'));
  copyFolder(join(template, 'database'), join(folder, 'database'));
  return {
    settings: { DATA_DIR: folder },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Files one after the other, without the checks of fs.cp(): they cost several times what the copying does. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const copy = entry.isDirectory() ? copyFolder : copyFileSync;
    copy(join(from, entry.name), join(to, entry.name));
  }
}

async function createOnServer(server: string): Promise<TestDatabase> {
  const name = `bff_test_${randomBytes(8).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'bff-'));
  await runOn(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    // The folder is for the keys that the service makes for itself.
    settings: { DATA_DIR: folder, DATABASE_URL: url.href },
    remove: async () => {
      await runOn(server, `drop database if exists ${name} with (force)`);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function runOn(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
