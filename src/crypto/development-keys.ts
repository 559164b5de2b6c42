import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config, EncryptionKey, SigningKey } from '../config/config.js';
import { parseSigningKey } from '../config/audit-log-settings.js';

/** The encryption keys of the settings. Outside production, if unset, one is created and kept in DATA_DIR (0600). */
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

/** The configured keys do not match the stored data. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey';
}

/** The signing keys of the settings. Outside production, if unset, one is created and kept in DATA_DIR (0600). */
export function signingKeys({ auditLog, dataDir }: Config): readonly SigningKey[] {
  if (auditLog.signingKeys.length > 0) return auditLog.signingKeys;
  const path = join(dataDir, 'audit-signing-keys');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (!existsSync(path)) {
    const seed = randomBytes(32).toString('base64url');
    writeFileSync(path, `development:${seed}`, { mode: 0o600, flag: 'wx' });
  }
  const key = parseSigningKey(readFileSync(path, 'utf8').trim());
  if (key !== undefined) return [key];
  throw new UnusableKey(
    `${path} has no kid:seed of an Ed25519 key; restore it, or delete DATA_DIR to start again`,
  );
}
