import { rmSync } from 'node:fs';
import { stopPostgres } from './postgres-server.mjs';

export default async function globalTeardown() {
  await stopPostgres();
  const template = process.env.TEST_DATABASE_TEMPLATE;
  if (template !== undefined) rmSync(template, { recursive: true, force: true });
}
