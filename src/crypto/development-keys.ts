import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, EncryptionKey } from '../config/config.js';

/** The encryption keys of the settings or, outside production, one made in DATA_DIR (0600) and kept there. */
export function encryptionKeys({ encryptionKeys: configured, dataDir }: Config): readonly EncryptionKey[] {
  if (configured.length > 0) return configured;
  const path = join(dataDir, 'encryption-key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (!existsSync(path))
    writeFileSync(path, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  if (key.length === 32) return [{ kid: 'development', key }];
  throw new UnusableKey(
    `${path} holds no key of 32 bytes in base64url; restore it, or delete DATA_DIR to begin anew`,
  );
}

/** The keys that are there don't fit what is stored. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey';
}
