import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSigningKey } from '../config/audit-log-settings.js';
import type { Config, EncryptionKey, SigningKey } from '../config/config.js';
import { DataDirUnusable, makeDataDir } from '../runtime/data-dir.js';

/** The encryption keys of the settings. Outside production, if unset, one is created and kept in DATA_DIR (0600). */
export function encryptionKeys({ encryptionKeys: configured, dataDir }: Config): readonly EncryptionKey[] {
  if (configured.length > 0) return configured;
  const path = join(dataDir, 'encryption-key');
  const key = Buffer.from(keptAt(path, dataDir, '').trim(), 'base64url');
  if (key.length === 32) return [{ kid: 'development', key }];
  throw new UnusableKey(
    `${path} holds no key of 32 bytes in base64url; restore it, or delete DATA_DIR to begin anew`,
  );
}

/** The configured keys do not match the stored data. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey';
}

/** The signing keys of the settings. Outside production, if unset, one is created and kept in DATA_DIR (0600). */
export function signingKeys({ auditLog, dataDir }: Config): readonly SigningKey[] {
  if (auditLog.signingKeys.length > 0) return auditLog.signingKeys;
  const path = join(dataDir, 'audit-signing-keys');
  const key = parseSigningKey(keptAt(path, dataDir, 'development:').trim());
  if (key !== undefined) return [key];
  throw new UnusableKey(
    `${path} has no kid:seed of an Ed25519 key; restore it, or delete DATA_DIR to start again`,
  );
}

/**
 * The text of the file; one that is not there is made, of the prefix and 32 random bytes.
 * @throws DataDirUnusable
 */
function keptAt(path: string, dataDir: string, prefix: string): string {
  makeDataDir(dataDir);
  try {
    if (!existsSync(path)) make(path, `${prefix}${randomBytes(32).toString('base64url')}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new DataDirUnusable(dataDir, error);
  }
}

/** The file appears with its whole text. One that another process has made in the meantime stays. */
function make(path: string, text: string): void {
  const temporary = `${path}.${randomUUID()}`;
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(temporary, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
