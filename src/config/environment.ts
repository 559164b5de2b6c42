import { isIP } from 'node:net';
import { readAuditLog } from './audit-log-settings.js';
import { readAuth } from './auth-settings.js';
import {
  type AuditLogConfig,
  type AuthConfig,
  type BillingConfig,
  Config,
  type DatabaseConfig,
  LOG_LEVELS,
  type LogLevel,
  type MigrationSettings,
  type TracesConfig,
} from './config.js';
import { readConsole } from './console-settings.js';
import { parseEncryptionKeys } from './encryption-keys.js';
import { misspeltNames } from './misspelt-names.js';
import { type Environment, parsePlainUrl, SettingReader } from './setting-reader.js';
import { readSwagger } from './swagger-settings.js';

/** The reason why the process does not start: every fault of the settings, and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param hints possible explanations */
  constructor(
    readonly faults: readonly string[],
    hints: readonly string[],
  ) {
    super(['The settings are not usable:', ...[...faults, ...hints].map((line) => `  - ${line}`)].join('\n'));
  }
}

/**
 * Turns environment variables into the frozen Config.
 * @throws ConfigError with every missing or wrong setting
 */
export function readEnvironment(environment: Environment): Config {
  const read = new SettingReader(environment);
  const mode = readMode(read);
  const production = mode === 'production';
  const config = {
    environment: mode,
    host: read.text('HOST', '127.0.0.1'),
    ...readPorts(read),
    logLevel: readLogLevel(read),
    shutdownDelayMs: read.integer('SHUTDOWN_DELAY_MS', production ? 5_000 : 0, 0, 600_000),
    auth: readAuth(read),
    billing: readBilling(read),
    ...readDatabase(read, production),
    migrateAtStart: read.boolean('MIGRATE_AT_START', true),
    tenantsFile: read.optional('TENANTS_FILE'),
    encryptionKeys: parseEncryptionKeys(read, production),
    auditLog: readAuditLog(read, production),
    rateLimitPerMinute: read.integer('RATE_LIMIT_PER_MINUTE', 600, 0, 1_000_000),
    callerMaxInFlight: read.integer('CALLER_MAX_IN_FLIGHT', 32, 1, 100_000),
    corsOrigins: readCorsOrigins(read, production),
    trustProxy: readTrustProxy(read),
    swagger: readSwagger(read, production),
    console: readConsole(read, production),
    traces: readTraces(read),
  };
  const misspelt = misspeltNames(environment, read.names);
  if (read.faults.length > 0) throw new ConfigError(read.faults, misspelt);
  return deepFreeze({ ...config, warnings: [...misspelt, ...(production ? plainTextWarnings(config) : [])] });
}

/**
 * The settings that a migration needs, so that its account and its job have no others.
 * @throws ConfigError
 */
export function readMigrationSettings(environment: Environment): MigrationSettings {
  const read = new SettingReader(environment);
  const settings = {
    ...readDatabase(read, readMode(read) === 'production'),
    logLevel: readLogLevel(read),
  };
  if (read.faults.length > 0) throw new ConfigError(read.faults, []);
  return settings;
}

function readMode(read: SettingReader): Config['environment'] {
  return read.oneOf('NODE_ENV', ['development', 'test', 'production'], 'development');
}

function readLogLevel(read: SettingReader): LogLevel {
  return read.oneOf('LOG_LEVEL', LOG_LEVELS, 'info');
}

function readPorts(read: SettingReader): Pick<Config, 'port' | 'adminPort'> {
  const port = read.integer('PORT', 3000, 0, 65_535);
  const adminPort = read.optionalInteger('ADMIN_PORT', 0, 65_535);
  if (adminPort === port && port !== 0) read.fault('ADMIN_PORT', 'must differ from PORT');
  return { port, adminPort };
}

function readDatabase(read: SettingReader, production: boolean): DatabaseConfig {
  return {
    databaseUrl: readDatabaseUrl(read, production),
    dataDir: read.text('DATA_DIR', './data'),
    auditRetentionDays: read.optionalInteger('AUDIT_RETENTION_DAYS', 1, 36_500),
  };
}

function readBilling(read: SettingReader): BillingConfig {
  const url = read.url('BILLING_API_URL') ?? new URL('https://unset.invalid');
  const allowed = readOrigins(read, 'BILLING_API_ALLOWED_ORIGINS');
  const timeoutMs = read.integer('BILLING_API_TIMEOUT_MS', 5_000, 1, 600_000);
  const deadlineMs = read.integer('REQUEST_DEADLINE_MS', 15_000, 1, 600_000);
  return {
    url: url.href.replace(/\/+$/, ''),
    allowedOrigins: allowed.length > 0 ? allowed : [url.origin],
    timeoutMs,
    deadlineMs,
    maxInFlight: read.integer('BILLING_API_MAX_IN_FLIGHT', 128, 2, 100_000),
    preRead: read.oneOf('CUSTOMER_PRE_READ', ['always', 'never'], 'always'),
  };
}

function readDatabaseUrl(read: SettingReader, production: boolean): string | undefined {
  const name = 'DATABASE_URL';
  const value = production ? read.requiredSecret(name, ' in production') : read.secret(name);
  if (value !== undefined && value !== '' && !/^postgres(ql)?:\/\/./.test(value)) {
    read.fault(name, 'must begin with postgres:// or postgresql://');
  }
  return value;
}

/** Outside production an origin of this machine may have any port: development servers choose their own. */
const ANY_LOCAL_PORT = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]):\*$/;

function readCorsOrigins(read: SettingReader, production: boolean): string[] {
  const isLocal = (item: string): boolean => !production && ANY_LOCAL_PORT.test(item);
  const exact = readOrigins(read, 'CORS_ORIGINS', (item) => !isLocal(item));
  return [...exact, ...read.list('CORS_ORIGINS').filter(isLocal)];
}

function readOrigins(
  read: SettingReader,
  name: string,
  isRelevant: (item: string) => boolean = () => true,
): string[] {
  const items = read.list(name).filter((item) => item !== 'none' && isRelevant(item));
  const origins = items.map(parseOrigin);
  if (origins.includes(undefined)) {
    const what =
      'must be origins separated by commas, such as https://app.example.com, without path or wildcard';
    read.fault(name, what);
  }
  return origins.filter((origin) => origin !== undefined);
}

/**
 * The allowed forms of an `Origin` header (RFC 6454, section 6.2). A value that no browser ever sends is a fault,
 * because it would never match.
 */
function parseOrigin(item: string): string | undefined {
  const url = /^https?:\/\/[^/\\]+\/?$/i.test(item) ? parsePlainUrl(item, ['http:', 'https:']) : undefined;
  return url !== undefined && /^[a-z0-9._-]+$|^\[/.test(url.hostname) ? url.origin : undefined;
}

function readTrustProxy(read: SettingReader): boolean | number | string[] {
  const value = read.text('TRUST_PROXY', 'none');
  if (value === 'none' || value === 'false') return false;
  if (value === 'true') return true;
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const ranges = read.list('TRUST_PROXY');
  if (ranges.every(isAddressRange)) return ranges;
  read.fault('TRUST_PROXY', 'must be none, true, a number of hops, or addresses (CIDR) separated by commas');
  return false;
}

function isAddressRange(range: string): boolean {
  const [address = '', prefix, ...rest] = range.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const prefixFits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
  return isIP(address) !== 0 && prefixFits && rest.length === 0;
}

function readTraces(read: SettingReader): TracesConfig | undefined {
  const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
  const serviceName = read.text('OTEL_SERVICE_NAME', 'billing-bff');
  const value = read.optional(name);
  if (value === undefined) return undefined;
  const url = parsePlainUrl(value, ['http:', 'https:']);
  if (url === undefined) read.fault(name, 'must be an http:// or https:// URL without user name or query');
  return { endpoint: url?.href.replace(/\/+$/, '') ?? '', serviceName };
}

function plainTextWarnings(config: {
  auth: AuthConfig;
  billing: BillingConfig;
  auditLog: AuditLogConfig;
}): string[] {
  const addresses = [
    ['AUTH_JWKS_URL', config.auth.jwksUrl.href],
    ['BILLING_API_URL', config.billing.url],
    ...config.auditLog.witnesses.map(({ url }) => ['AUDIT_WITNESSES', url] as const),
  ] as const;
  const plain = addresses.filter(([, url]) => url.startsWith('http:')).map(([name]) => name);
  return [...new Set(plain)].map((name) =>
    name === 'AUDIT_WITNESSES'
      ? `${name} uses plain http: whoever is on the way sees how the logs grow, and can keep cosignatures back`
      : `${name} uses plain http: tokens or keys travel unencrypted unless the network protects them`,
  );
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null && !ArrayBuffer.isView(member)) deepFreeze(member);
  }
  return Object.freeze(value);
}
