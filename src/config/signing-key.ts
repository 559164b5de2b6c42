import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { SigningKey } from './config.js';
import type { SettingReader } from './setting-reader.js';

/** An Ed25519 private key as JWK text (RFC 8037). */
export function parseSigningKey(read: SettingReader, production: boolean): SigningKey | undefined {
  const name = 'AUDIT_SIGNING_KEY';
  const value = production ? read.required(name, ' in production') : read.optional(name);
  if (value === undefined || value === '') return undefined;
  const key = readSigningKey(value);
  if (key === undefined) {
    read.fault(name, 'must be an Ed25519 private key as JWK: {"kty":"OKP","crv":"Ed25519","x":…,"d":…}');
  }
  return key;
}

/** Reads an Ed25519 private key from JWK text; undefined for anything else. */
export function readSigningKey(text: string): SigningKey | undefined {
  return toSigningKey(parseJson(text));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The public key of a private key (both base64url). */
function publicPartOf(d: string): string | undefined {
  // PKCS #8 of an Ed25519 key (RFC 8410): this prefix and the 32 bytes.
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([prefix, Buffer.from(d, 'base64url')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'jwk' }).x;
}

function toSigningKey(value: unknown): SigningKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kty, crv, x, d, kid }: Partial<Record<string, unknown>> = { ...value };
  const keyBytes = [x, d].filter((part) => typeof part === 'string' && /^[A-Za-z0-9_-]{43}$/.test(part));
  if (kty !== 'OKP' || crv !== 'Ed25519' || keyBytes.length !== 2) return undefined;
  if (typeof x !== 'string' || typeof d !== 'string') return undefined;
  if (publicPartOf(d) !== x) return undefined;
  return { kty, crv, x, d, ...(typeof kid === 'string' && kid !== '' ? { kid } : {}) };
}
