import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../sandbox/launcher.js';
import { createTestDatabase } from './test-database.js';

const ROOT = join(__dirname, '..', '..');

export interface TestSandbox {
  readonly sandbox: Sandbox;
  /** Its data folder, for `npm run try`. */
  readonly folder: string;
  readonly addresses: { bff: string; billing: string; idp: string };
  stop(): Promise<void>;
}

/** What `npm start` starts, on free ports and a database of its own. */
export async function startTestSandbox(settings: Record<string, string> = {}): Promise<TestSandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'bff-sandbox-'));
  const database = await createTestDatabase();
  const env = {
    ...database.settings,
    ...{ PATH: process.env['PATH'], PORT: '0', SANDBOX_BILLING_PORT: '0', SANDBOX_IDP_PORT: '0' },
    ...{ SANDBOX_DATA_DIR: folder, LOG_LEVEL: 'fatal', BILLING_API_TIMEOUT_MS: '1000', ...settings },
  };
  const bffEntry = join(ROOT, 'dist', 'main.js');
  const sandbox = await startSandbox({ env, root: ROOT, bffEntry, signal: new AbortController().signal });
  const { bff_url: bff, billing_api_url: billing, issuer: idp } = sandbox.running;
  return {
    sandbox,
    folder,
    addresses: { bff, billing, idp },
    async stop() {
      await sandbox.stop();
      await database.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
