import type { EncryptionKey } from './config.js';
import { listOf, type SettingReader } from './setting-reader.js';

/** Keys as `kid:base64url of 32 bytes`, separated by commas. The first one encrypts. */
export function parseEncryptionKeys(read: SettingReader, production: boolean): EncryptionKey[] {
  const name = 'ENCRYPTION_KEYS';
  const value = production ? read.requiredSecret(name, ' in production') : read.secret(name);
  const keys = listOf(value).map((item) => {
    const [, kid = '', encoded = ''] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{43}=?)$/.exec(item) ?? [];
    return { kid, key: Buffer.from(encoded, 'base64url') };
  });
  if (keys.some(({ kid, key }) => kid === '' || key.length !== 32)) {
    read.fault(name, 'must be kid:key pairs separated by commas, each key 32 bytes in base64url');
  }
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) read.fault(name, 'has one kid twice');
  return keys;
}
