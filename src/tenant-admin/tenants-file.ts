import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { BillingConfig } from '../config/config.js';
import type { Environment } from '../config/setting-reader.js';
import type { Rule } from '../http/rules.js';
import { visibleText } from '../http/text-rules.js';
import { billingApiUrl } from '../tenants/billing-api-url.js';
import { BillingToken } from '../tenants/billing-token.js';
import { INVOICING_ENTITY_ID, TENANT_ID, TENANT_ID_RULE } from '../tenants/tenant.js';
import type { TenantSettings } from '../tenants/tenant-change.js';

/** The tenants, and the files that hold some of their tokens. */
export interface TenantsFile {
  readonly entries: readonly TenantEntry[];
  readonly tokenFiles: readonly string[];
}

/** One tenant in the file. */
export interface TenantEntry {
  readonly id: string;
  readonly settings: TenantSettings;
  readonly token: BillingToken;
}

/** The reason why a tenants' file can't be used: each fault with its place, and no token value. */
export class TenantsFileError extends Error {
  override readonly name = 'TenantsFileError';

  constructor(readonly faults: readonly string[]) {
    super(`TENANTS_FILE is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/**
 * Reads `[{id, name?, billing_api_url?, token, invoicing_entities?, status?}]`, where `token` is the value,
 * `{"env": "NAME"}` or `{"file": "path"}` (relative to the tenants' file).
 * @throws TenantsFileError naming every fault
 */
export function readTenantsFile(path: string, billing: BillingConfig, environment: Environment): TenantsFile {
  const faults: string[] = [];
  const surroundings = { billing, environment, folder: dirname(path), tokenFiles: [] };
  const drafts = parseEntries(path).map((entry, index) =>
    readTenant(new EntryReader(entry, `entry ${index + 1}`, faults), surroundings),
  );
  const ids = drafts.map(({ id }) => id);
  for (const id of new Set(ids.filter((id, index) => id !== '' && ids.indexOf(id) !== index))) {
    faults.push(`the id ${id} stands more than once`);
  }
  if (faults.length > 0) throw new TenantsFileError(faults);
  const entries = drafts.flatMap(({ token, ...draft }) => (token === undefined ? [] : [{ ...draft, token }]));
  return { entries, tokenFiles: surroundings.tokenFiles };
}

interface Surroundings {
  readonly billing: BillingConfig;
  readonly environment: Environment;
  readonly folder: string;
  /** Token files that entries refer to. */
  readonly tokenFiles: string[];
}

type TenantDraft = Omit<TenantEntry, 'token'> & { readonly token: BillingToken | undefined };

function readTenant(entry: EntryReader, surroundings: Surroundings): TenantDraft {
  entry.refuseUnknown(['id', 'name', 'billing_api_url', 'token', 'invoicing_entities', 'status']);
  const id = entry.text('id', TENANT_ID, TENANT_ID_RULE) ?? '';
  const name = entry.ruled('name', visibleText(255));
  const status = entry.optionalText('status', /^(active|suspended)$/, 'active or suspended');
  return {
    id,
    settings: {
      name: name ?? id,
      status: status === 'suspended' ? 'suspended' : 'active',
      billingApiUrl: readBillingUrl(entry, surroundings.billing),
      invoicingEntities: entry.optionalTexts('invoicing_entities', INVOICING_ENTITY_ID, 'ive_… ids') ?? null,
    },
    token: readToken(entry, surroundings),
  };
}

function readBillingUrl(entry: EntryReader, billing: BillingConfig): string | null {
  const value = entry.optionalText('billing_api_url', /./, 'a URL');
  if (value === undefined) return null;
  const url = billingApiUrl(value, billing);
  if (typeof url === 'string') return url;
  entry.fault('billing_api_url', url.fault);
  return null;
}

function readToken(entry: EntryReader, surroundings: Surroundings): BillingToken | undefined {
  const text = tokenText(entry, surroundings);
  if (text === undefined) return undefined;
  const token = BillingToken.parse(text);
  if (token === undefined) entry.fault('token', 'must be 1 to 4,096 visible ASCII characters');
  return token;
}

function tokenText(
  entry: EntryReader,
  { environment, folder, tokenFiles }: Surroundings,
): string | undefined {
  const value = entry.member('token');
  if (typeof value === 'string') return value;
  const reference: Partial<Record<string, unknown>> = isRecord(value) ? value : {};
  const [[kind, target] = [], ...others] = Object.entries(reference);
  if (typeof target === 'string' && others.length === 0) {
    if (kind === 'env') return fromEnvironment(entry, environment, target);
    if (kind === 'file') {
      const path = resolve(folder, target);
      tokenFiles.push(path);
      return fromFile(entry, path);
    }
  }
  entry.fault('token', 'must be text, {"env": "NAME"} or {"file": "path"}');
  return undefined;
}

function fromEnvironment(entry: EntryReader, environment: Environment, name: string): string | undefined {
  const value = environment[name];
  if (value === undefined)
    entry.fault('token', `refers to the environment variable ${name}, which is not set`);
  return value;
}

function fromFile(entry: EntryReader, path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    entry.fault('token', `refers to the file ${path}, which cannot be read`);
    return undefined;
  }
}

function parseEntries(path: string): unknown[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new TenantsFileError([`${path} cannot be read (${reason})`]);
  }
  let text: string;
  try {
    // It leaves out a byte order mark, which some editors write.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TenantsFileError([`${path} is not UTF-8`]);
  }
  try {
    const entries: unknown = JSON.parse(text);
    if (Array.isArray(entries)) return entries;
  } catch {
    // The parser's message quotes the file, which contains tokens.
    throw new TenantsFileError([`${path} is not well-formed JSON`]);
  }
  throw new TenantsFileError([`${path} must be a JSON array of tenants`]);
}

/** Reads the fields of one entry; faults have their place. */
class EntryReader {
  private readonly members: Partial<Record<string, unknown>>;

  constructor(
    entry: unknown,
    private place: string,
    private readonly faults: string[],
  ) {
    this.members = isRecord(entry) ? entry : {};
    if (!isRecord(entry)) faults.push(`${place} must be an object`);
  }

  member(name: string): unknown {
    return this.members[name];
  }

  refuseUnknown(known: readonly string[]): void {
    for (const name of Object.keys(this.members)) {
      if (!known.includes(name))
        this.faults.push(`${this.place} has an unknown field; known fields: ${known.join(', ')}`);
    }
  }

  text(name: string, pattern: RegExp, what: string): string | undefined {
    if (this.members[name] === undefined) this.fault(name, 'is required');
    return this.optionalText(name, pattern, what);
  }

  optionalText(name: string, pattern: RegExp, what: string): string | undefined {
    const value = this.members[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.fault(name, `must be ${what}`);
    return undefined;
  }

  /** Optional text, by the same rule as in a request. */
  ruled(name: string, rule: Rule): string | undefined {
    const value = this.members[name];
    if (value === undefined) return undefined;
    const faults = rule(value);
    for (const { detail } of faults) this.fault(name, detail);
    return faults.length === 0 && typeof value === 'string' ? value : undefined;
  }

  optionalTexts(name: string, pattern: RegExp, what: string): string[] | undefined {
    const value = this.members[name];
    if (value === undefined) return undefined;
    const items: unknown[] = Array.isArray(value) ? value : [undefined];
    const texts = items.filter((item) => typeof item === 'string').filter((item) => pattern.test(item));
    if (texts.length !== items.length) this.fault(name, `must be a list of ${what}`);
    return texts;
  }

  fault(name: string, what: string): void {
    this.faults.push(`${this.place}: ${name} ${what}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
