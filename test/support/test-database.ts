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

/** A database of its own: on the server of TEST_DATABASE_URL, else an embedded one. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  return server === undefined ? createEmbedded() : createOnServer(server);
}

async function createEmbedded(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'bff-'));
  copyTemplate(folder);
  return {
    settings: { DATA_DIR: folder },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * Makes `folder` a DATA_DIR with the database that global-setup prepared. Files one after the other, without
 * the checks of fs.cp(): they cost several times what the copying does.
 */
export function copyTemplate(folder: string): void {
  const template = process.env['TEST_DATABASE_TEMPLATE'];
  if (template === undefined) throw new Error('global-setup did not prepare a template');
  copyFolder(join(template, 'database'), join(folder, 'database'));
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const copy = entry.isDirectory() ? copyFolder : copyFileSync;
    copy(join(from, entry.name), join(to, entry.name));
  }
}

async function createOnServer(server: string): Promise<TestDatabase> {
  const name = `bff_test_${randomBytes(8).toString('hex')}`;
  await runOn(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    settings: { DATABASE_URL: url.href },
    remove: () => runOn(server, `drop database if exists ${name} with (force)`),
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
