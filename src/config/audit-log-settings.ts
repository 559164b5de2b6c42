import { createHash } from 'node:crypto';
import type { AuditLogConfig, SigningKey, Witness } from './config.js';
import { listOf, parsePlainUrl, type SettingReader } from './setting-reader.js';

/** AUDIT_LOG_NAME, AUDIT_SIGNING_KEYS, AUDIT_WITNESSES and AUDIT_WITNESS_INTERVAL_S. */
export function readAuditLog(read: SettingReader, production: boolean): AuditLogConfig {
  return {
    name: readName(read),
    signingKeys: readSigningKeys(read, production),
    witnesses: readWitnesses(read),
    witnessIntervalS: read.integer('AUDIT_WITNESS_INTERVAL_S', 60, 1, 86_400),
  };
}

/** The beginning of every log's origin: like a URL without scheme, so that no other service has the same. */
function readName(read: SettingReader): string {
  const name = read.text('AUDIT_LOG_NAME', 'billing-bff.local');
  if (/^(?![/])[A-Za-z0-9._~/:-]{1,200}(?<![/])$/.test(name)) return name;
  read.fault(
    'AUDIT_LOG_NAME',
    'must be 1 to 200 of A-Z a-z 0-9 . _ ~ : - and /, such as audit.example.com/billing, and not begin or end with /',
  );
  return '';
}

/** Keys as `kid:base64url of a 32-byte Ed25519 seed`, separated by commas. All of them sign. */
function readSigningKeys(read: SettingReader, production: boolean): SigningKey[] {
  const name = 'AUDIT_SIGNING_KEYS';
  const value = production ? read.requiredSecret(name, ' in production') : read.secret(name);
  const keys = listOf(value).map(parseSigningKey);
  if (keys.includes(undefined)) {
    read.fault(
      name,
      'must be kid:seed pairs separated by commas, each seed 32 bytes of an Ed25519 key in base64url',
    );
  }
  const known = keys.filter((key) => key !== undefined);
  if (new Set(known.map(({ kid }) => kid)).size !== known.length) read.fault(name, 'has one kid twice');
  const seeds = new Set(known.map(({ seed }) => Buffer.from(seed).toString('hex')));
  if (seeds.size !== known.length) read.fault(name, 'has one seed twice');
  return known;
}

/** Reads one `kid:seed` pair; undefined for anything else. */
export function parseSigningKey(text: string): SigningKey | undefined {
  const [, kid, encoded] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{43}=?)$/.exec(text) ?? [];
  const seed = Buffer.from(encoded ?? '', 'base64url');
  return kid === undefined || seed.length !== 32 ? undefined : { kid, seed };
}

const WITNESSES = 'AUDIT_WITNESSES';

/** Type of an Ed25519 cosignature (C2SP tlog-cosignature). */
const COSIGNATURE = 0x04;

/** Whether it is a witness's vkey: `<name>+<id>+<base64 of type and public key>`, and the id is that of the rest. */
function isWitnessKey(text: string): boolean {
  const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/u.exec(text) ?? [];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (key.length !== 33 || key[0] !== COSIGNATURE) return false;
  return createHash('sha256')
    .update(`${name}\n`)
    .update(key)
    .digest('hex')
    .startsWith(id ?? '-');
}

function readWitnesses(read: SettingReader): Witness[] {
  const value = read.optional(WITNESSES);
  if (value === undefined || value === 'none') return [];
  const entries = parseJson(value);
  if (!Array.isArray(entries)) {
    read.fault(WITNESSES, 'must be a JSON list of {"url", "key"}');
    return [];
  }
  const witnesses = entries.map((entry: unknown) => readWitness(entry));
  if (witnesses.includes(undefined)) {
    read.fault(
      WITNESSES,
      'must have {"url", "key"} in every entry: an http:// or https:// URL without user name, query or fragment, ' +
        'and the witness’s vkey (<name>+<8 hex digits>+<base64>, type 0x04)',
    );
  }
  const known = witnesses.filter((witness) => witness !== undefined);
  if (new Set(known.map(({ key }) => key)).size !== known.length) read.fault(WITNESSES, 'has one key twice');
  return known;
}

function readWitness(entry: unknown): Witness | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { url, key, ...others }: Partial<Record<string, unknown>> = { ...entry };
  if (typeof url !== 'string' || typeof key !== 'string' || Object.keys(others).length > 0) return undefined;
  const address = parsePlainUrl(url, ['http:', 'https:']);
  if (address === undefined || !isWitnessKey(key)) return undefined;
  return { url: address.href.replace(/\/+$/, ''), key };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
