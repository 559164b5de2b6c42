import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.js';
import { ConfigError, readEnvironment, readMigrationSettings } from './environment.js';

const REQUIRED = {
  AUTH_ISSUER: 'https://idp.test/',
  AUTH_AUDIENCE: 'https://bff.test',
  AUTH_JWKS_URL: 'https://idp.test/jwks',
  BILLING_API_URL: 'https://billing.test/base/',
};
const KEY_A = Buffer.alloc(32, 1).toString('base64url');
const KEY_B = Buffer.alloc(32, 2).toString('base64url');
const SEED = Buffer.alloc(32, 3).toString('base64url');
/** A witness's key: type 4 and 32 bytes. */
const WITNESS_BYTES = Buffer.concat([Buffer.of(4), Buffer.alloc(32, 5)]);
const WITNESS_ID = createHash('sha256')
  .update('witness.test/w\n')
  .update(WITNESS_BYTES)
  .digest('hex')
  .slice(0, 8);
const WITNESS = `witness.test/w+${WITNESS_ID}+${WITNESS_BYTES.toString('base64')}`;
const PRODUCTION = {
  ...REQUIRED,
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://bff@db.test/bff',
  ENCRYPTION_KEYS: `a:${KEY_A}`,
  AUDIT_SIGNING_KEYS: `s:${SEED}`,
};

describe('the settings', () => {
  it('have the documented defaults', () => {
    expect(readEnvironment(REQUIRED)).toMatchObject({
      environment: 'development',
      host: '127.0.0.1',
      port: 3000,
      adminPort: undefined,
      shutdownDelayMs: 0,
      migrateAtStart: true,
      logLevel: 'info',
      auth: {
        issuer: 'https://idp.test/',
        audiences: ['https://bff.test'],
        jwksUrl: new URL('https://idp.test/jwks'),
        audienceClaim: { name: 'aud', steps: ['aud'] },
        scopeClaims: [
          { name: 'scope', steps: ['scope'] },
          { name: 'scp', steps: ['scp'] },
        ],
        scopePrefix: '',
        tenantClaim: { name: 'tenant_id', steps: ['tenant_id'] },
        algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
        clockToleranceS: 5,
      },
      billing: {
        url: 'https://billing.test/base',
        allowedOrigins: ['https://billing.test'],
        timeoutMs: 5000,
        deadlineMs: 15_000,
        maxInFlight: 128,
        preRead: 'always',
      },
      databaseUrl: undefined,
      dataDir: './data',
      tenantsFile: undefined,
      encryptionKeys: [],
      auditLog: { name: 'billing-bff.local', signingKeys: [], witnesses: [], witnessIntervalS: 60 },
      auditRetentionDays: undefined,
      rateLimitPerMinute: 600,
      callerMaxInFlight: 32,
      corsOrigins: [],
      trustProxy: false,
      swagger: { enabled: true, oauth: undefined, customers: {} },
      traces: undefined,
      warnings: [],
    });
  });

  it('are taken as they are set', () => {
    const config = readEnvironment({
      ...PRODUCTION,
      HOST: '0.0.0.0',
      PORT: '0',
      LOG_LEVEL: 'trace',
      AUTH_JWKS_URL: 'https://idp.test/jwks?p=policy',
      AUTH_AUDIENCE: ' api , https://api.test ,',
      AUTH_AUDIENCE_CLAIM: 'client_id',
      AUTH_SCOPE_CLAIM: 'scope, /r/a~1b',
      AUTH_SCOPE_PREFIX: 'api/',
      AUTH_TENANT_CLAIM: '/ext/org',
      AUTH_ALGORITHMS: 'ES384, EdDSA',
      AUTH_CLOCK_TOLERANCE_S: '0',
      BILLING_API_ALLOWED_ORIGINS: 'https://billing.test,https://eu.billing.test',
      BILLING_API_TIMEOUT_MS: '1000',
      REQUEST_DEADLINE_MS: '2000',
      BILLING_API_MAX_IN_FLIGHT: '4',
      CUSTOMER_PRE_READ: 'never',
      DATA_DIR: '/var/lib/bff',
      TENANTS_FILE: '/etc/bff/tenants.json',
      ENCRYPTION_KEYS: `a:${KEY_A},b:${KEY_B}`,
      AUDIT_SIGNING_KEYS: `s:${SEED},t:${KEY_B}`,
      AUDIT_LOG_NAME: 'audit.example.com/billing',
      AUDIT_WITNESSES: JSON.stringify([{ url: 'https://witness.test/a/', key: WITNESS }]),
      AUDIT_WITNESS_INTERVAL_S: '5',
      AUDIT_RETENTION_DAYS: '365',
      RATE_LIMIT_PER_MINUTE: '0',
      CALLER_MAX_IN_FLIGHT: '2',
      CORS_ORIGINS: 'https://app.test, https://admin.test',
      TRUST_PROXY: '10.0.0.0/8, ::1',
      SWAGGER_ENABLED: 'true',
    });

    expect(config).toMatchObject({
      environment: 'production',
      host: '0.0.0.0',
      port: 0,
      logLevel: 'trace',
      auth: {
        audiences: ['api', 'https://api.test'],
        audienceClaim: { name: 'client_id', steps: ['client_id'] },
        scopeClaims: [
          { name: 'scope', steps: ['scope'] },
          { name: '/r/a~1b', steps: ['r', 'a/b'] },
        ],
        scopePrefix: 'api/',
        tenantClaim: { name: '/ext/org', steps: ['ext', 'org'] },
        algorithms: ['ES384', 'EdDSA'],
        clockToleranceS: 0,
      },
      billing: {
        allowedOrigins: ['https://billing.test', 'https://eu.billing.test'],
        timeoutMs: 1000,
        deadlineMs: 2000,
        maxInFlight: 4,
        preRead: 'never',
      },
      databaseUrl: 'postgres://bff@db.test/bff',
      dataDir: '/var/lib/bff',
      tenantsFile: '/etc/bff/tenants.json',
      encryptionKeys: [{ kid: 'a' }, { kid: 'b' }],
      auditLog: {
        name: 'audit.example.com/billing',
        signingKeys: [{ kid: 's' }, { kid: 't' }],
        witnesses: [{ url: 'https://witness.test/a', key: WITNESS }],
        witnessIntervalS: 5,
      },
      auditRetentionDays: 365,
      rateLimitPerMinute: 0,
      callerMaxInFlight: 2,
      corsOrigins: ['https://app.test', 'https://admin.test'],
      trustProxy: ['10.0.0.0/8', '::1'],
      swagger: { enabled: true },
      warnings: [],
    });
    expect(config.auth.jwksUrl.href).toBe('https://idp.test/jwks?p=policy');
    expect(config.encryptionKeys.map(({ key }) => Buffer.from(key).toString('base64url'))).toEqual([
      KEY_A,
      KEY_B,
    ]);
  });

  it.each([
    ['none', false],
    ['true', true],
    ['2', 2],
    ['10.0.0.1', ['10.0.0.1']],
  ])('TRUST_PROXY may be %s', (value, expected) => {
    expect(readEnvironment({ ...REQUIRED, TRUST_PROXY: value }).trustProxy).toEqual(expected);
  });

  it('count as unset when they are empty: the fault of each required one is named at once', () => {
    expect(faultsOf({ AUTH_ISSUER: '', AUTH_AUDIENCE: ' , ' })).toEqual(
      ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'BILLING_API_URL'].sort(),
    );
  });

  it('need a database and keys in production', () => {
    expect(faultsOf({ ...REQUIRED, NODE_ENV: 'production' })).toEqual(
      ['DATABASE_URL', 'ENCRYPTION_KEYS', 'AUDIT_SIGNING_KEYS'].sort(),
    );
  });

  const WRONG: Record<string, string[]> = {
    NODE_ENV: ['prod', 'Production'],
    PORT: ['65536', '-1', '80.5', '0x50', '1e3', 'S3CR3T'],
    ADMIN_PORT: ['65536', 'S3CR3T'],
    SHUTDOWN_DELAY_MS: ['-1', '600001', '5s'],
    MIGRATE_AT_START: ['yes', '1'],
    LOG_LEVEL: ['verbose', 'INFO'],
    OTEL_EXPORTER_OTLP_ENDPOINT: ['S3CR3T', 'grpc://collector:4317', 'https://u:S3CR3T@collector'],
    AUTH_JWKS_URL: [
      'S3CR3T',
      'ftp://idp.test/S3CR3T',
      'https://S3CR3T@idp.test',
      'https://u:S3CR3T@idp.test',
      '//idp.test',
    ],
    AUTH_ALGORITHMS: ['HS256', 'none', 'RS256,HS512', 'ES256,none', 'rs256'],
    AUTH_AUDIENCE_CLAIM: ['/S3CR3T~2'],
    AUTH_SCOPE_CLAIM: ['scope,/S3CR3T~'],
    AUTH_SCOPE_PREFIX: ['S3 CR3T', 'S3"CR3T', '\u00e9'],
    AUTH_TENANT_CLAIM: ['/~S3CR3T'],
    AUTH_CLOCK_TOLERANCE_S: ['-1', '1.5', 'S3CR3T'],
    BILLING_API_URL: [
      'S3CR3T',
      'file:///S3CR3T',
      'https://u:S3CR3T@billing.test',
      'https://billing.test?S3CR3T',
      'https://billing.test#S3CR3T',
    ],
    BILLING_API_ALLOWED_ORIGINS: ['S3CR3T', 'https://billing.test/S3CR3T', '*', 'https://a.test,S3CR3T'],
    BILLING_API_TIMEOUT_MS: ['0', '-5', '1s', 'Infinity'],
    REQUEST_DEADLINE_MS: ['0', '15 000', 'NaN'],
    BILLING_API_MAX_IN_FLIGHT: ['0', '-1', 'S3CR3T'],
    CUSTOMER_PRE_READ: ['sometimes', 'true'],
    DATABASE_URL: ['mysql://S3CR3T@db.test', 'S3CR3T'],
    ENCRYPTION_KEYS: ['S3CR3T', `a:${KEY_A}S3CR3T`, 'a:S3CR3T', `:${KEY_A}`, `a:${KEY_A},a:${KEY_B}`, KEY_A],
    AUDIT_SIGNING_KEYS: [
      'S3CR3T',
      's:S3CR3T',
      SEED,
      `:${SEED}`,
      `s:${SEED},s:${KEY_A}`,
      `s:${SEED},t:${SEED}`,
    ],
    AUDIT_LOG_NAME: ['S3CR3T with space', 'a+b', '/a', 'a/', 'ü.example'],
    AUDIT_WITNESSES: [
      ...['S3CR3T', '{}', '[1]', '[{}]', `[{"url":"https://S3CR3T@w.test","key":"${WITNESS}"}]`],
      ...[`[{"url":"https://w.test","key":"S3CR3T"}]`, `[{"url":"ftp://w.test","key":"${WITNESS}"}]`],
      `[{"url":"https://w.test","key":"${WITNESS.replace('witness.test', 'other.test')}"}]`,
      `[{"url":"https://w.test","key":"${WITNESS}"},{"url":"https://v.test","key":"${WITNESS}"}]`,
      `[{"url":"https://w.test","key":"${WITNESS}","name":"S3CR3T"}]`,
    ],
    AUDIT_WITNESS_INTERVAL_S: ['0', '-1', 'S3CR3T'],
    AUDIT_RETENTION_DAYS: ['0', '-1', 'S3CR3T'],
    RATE_LIMIT_PER_MINUTE: ['-1', '1000001', 'S3CR3T'],
    CALLER_MAX_IN_FLIGHT: ['0', '-1', 'S3CR3T'],
    CORS_ORIGINS: [
      ...[
        '*',
        'S3CR3T',
        'https://app.test/S3CR3T',
        'app.test',
        'null',
        'https://*.app.test',
        'https://app.*',
      ],
      ...['https://S3CR3T@app.test', 'https://app.test?S3CR3T', 'https://app.test#', 'https://app.test;'],
      ...['https://app.test//', 'https:app.test', 'https:\\\\app.test', 'https://app_.test,ftp://app.test'],
      ...['https://app.test\u0085', 'file:///', 'https://'],
    ],
    TRUST_PROXY: ['yes', '10.0.0.0/33', '::1/129', '10.0.0', 'S3CR3T', '10.0.0.0/8/8'],
    SWAGGER_ENABLED: ['yes', '1', 'TRUE'],
  };
  const EACH = Object.entries(WRONG).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );

  it.each(['http://localhost:*', 'https://localhost:*', 'http://127.0.0.1:*', 'http://[::1]:*'])(
    'allow pages of this machine on any port, outside production: CORS_ORIGINS=%s',
    (origin) => {
      const { corsOrigins } = readEnvironment({ ...REQUIRED, CORS_ORIGINS: `https://app.test,${origin}` });

      expect(corsOrigins).toEqual(['https://app.test', origin]);
      expect(faultsOf({ ...PRODUCTION, CORS_ORIGINS: origin })).toEqual(['CORS_ORIGINS']);
    },
  );

  it.each([
    'http://app.test:*',
    'http://localhost.app.test:*',
    'http://localhost:*/',
    'localhost:*',
    'http://*:*',
  ])('allow no other wildcard: CORS_ORIGINS=%s', (origin) => {
    expect(faultsOf({ ...REQUIRED, CORS_ORIGINS: origin })).toEqual(['CORS_ORIGINS']);
  });

  it.each(EACH)('that are wrong are named, the value is not: %s=%s', (name, value) => {
    const error = errorOf({ ...PRODUCTION, [name]: value });

    expect(namesIn(error)).toEqual([name]);
    expect(error.message).toContain(name);
    for (const text of [error.message, error.stack ?? '']) {
      expect(text).not.toContain('S3CR3T');
      expect(text).not.toContain(KEY_A);
      expect(text).not.toContain(SEED);
    }
  });

  it('that are wrong are all named at once', () => {
    const all = Object.fromEntries(Object.entries(WRONG).map(([name, [value]]) => [name, value]));

    expect(faultsOf({ AUTH_ISSUER: '', AUTH_AUDIENCE: '', ...all })).toEqual(
      ['AUTH_ISSUER', 'AUTH_AUDIENCE', ...Object.keys(WRONG)].sort(),
    );
  });

  it.each([
    ['DATABASE_URL', PRODUCTION.DATABASE_URL, ({ databaseUrl }: Config) => databaseUrl],
    [
      'ENCRYPTION_KEYS',
      PRODUCTION.ENCRYPTION_KEYS,
      ({ encryptionKeys }: Config) => encryptionKeys.map(({ kid, key }) => text(kid, key)).join(),
    ],
    [
      'AUDIT_SIGNING_KEYS',
      PRODUCTION.AUDIT_SIGNING_KEYS,
      ({ auditLog }: Config) => auditLog.signingKeys.map(({ kid, seed }) => text(kid, seed)).join(),
    ],
  ])('take %s from a file, if one is named', (name, value, read) => {
    const folder = mkdtempSync(join(tmpdir(), 'bff-settings-'));
    const path = join(folder, 'secret');
    const unset = { ...PRODUCTION, [name]: '' };
    for (const content of [value, `${value}\n`, `${value}\r\n`]) {
      writeFileSync(path, content);
      expect(read(readEnvironment({ ...unset, [`${name}_FILE`]: path }))).toBe(value);
    }
    expect(faultsOf({ ...PRODUCTION, [`${name}_FILE`]: path })).toEqual([name]);
    writeFileSync(path, 'S3CR3T\n');
    expect(faultsOf({ ...unset, [`${name}_FILE`]: path })).toEqual([name]);
    expect(errorOf({ ...unset, [`${name}_FILE`]: path }).message).not.toContain('S3CR3T');
    writeFileSync(path, ' ');
    for (const file of [path, join(folder, 'nothing'), folder])
      expect(faultsOf({ ...unset, [`${name}_FILE`]: file })).toEqual([`${name}_FILE`]);
    rmSync(folder, { recursive: true });
  });

  it('of a migration are those of the database alone', () => {
    expect(readMigrationSettings({})).toEqual({
      ...{ databaseUrl: undefined, dataDir: './data', auditRetentionDays: undefined, logLevel: 'info' },
    });
    const { NODE_ENV, DATABASE_URL } = PRODUCTION;
    expect(readMigrationSettings({ NODE_ENV, DATABASE_URL }).databaseUrl).toBe(DATABASE_URL);
    expect(() => readMigrationSettings({ NODE_ENV })).toThrow(/DATABASE_URL is required in production/);
  });

  it('have a pause before the end in production, and only there', () => {
    expect(readEnvironment(REQUIRED).shutdownDelayMs).toBe(0);
    expect(readEnvironment(PRODUCTION).shutdownDelayMs).toBe(5_000);
    expect(readEnvironment({ ...PRODUCTION, SHUTDOWN_DELAY_MS: '0' }).shutdownDelayMs).toBe(0);
  });

  it('send traces where they say, without a slash', () => {
    const { traces } = readEnvironment({
      ...REQUIRED,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    });
    expect(traces).toEqual({ endpoint: 'http://collector:4318', serviceName: 'billing-bff' });
  });

  it('need two ports where there are two listeners, unless the system picks them', () => {
    expect(readEnvironment({ ...REQUIRED, PORT: '0', ADMIN_PORT: '0' })).toMatchObject({
      port: 0,
      adminPort: 0,
    });
    expect(readEnvironment({ ...REQUIRED, ADMIN_PORT: '3001' }).adminPort).toBe(3001);
    expect(faultsOf({ ...REQUIRED, ADMIN_PORT: '3000' })).toEqual(['ADMIN_PORT']);
  });

  it('can’t be changed once they are read', () => {
    const config = readEnvironment(REQUIRED);

    for (const part of [
      config,
      config.auth,
      config.auth.algorithms,
      config.billing,
      config.billing.allowedOrigins,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('warn of plain http in production, and only there', () => {
    const plain = { BILLING_API_URL: 'http://billing.test', AUTH_JWKS_URL: 'http://idp.test/jwks' };

    const { warnings } = readEnvironment({ ...PRODUCTION, ...plain });
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).toContain('BILLING_API_URL');
    expect(warnings.join()).toContain('AUTH_JWKS_URL');
    expect(readEnvironment({ ...REQUIRED, ...plain }).warnings).toEqual([]);
  });

  it('that are missing under their name and set under a misspelt one: the error says both', () => {
    const { message, faults } = errorOf({ ...REQUIRED, AUTH_ISSUER: undefined, AUTH_ISUER: 'S3CR3T' });
    expect(faults).toEqual(['AUTH_ISSUER is required; set it']);
    expect(message).toContain('AUTH_ISUER is not a setting; did you mean AUTH_ISSUER?');
    expect(message).not.toContain('S3CR3T');
  });

  it('show the API’s documentation outside production only, unless they say so', () => {
    expect(readEnvironment(REQUIRED).swagger.enabled).toBe(true);
    expect(readEnvironment({ ...REQUIRED, SWAGGER_ENABLED: 'false' }).swagger.enabled).toBe(false);
    expect(readEnvironment(PRODUCTION).swagger.enabled).toBe(false);
    expect(readEnvironment({ ...PRODUCTION, SWAGGER_ENABLED: 'true' }).swagger.enabled).toBe(true);
  });
});

function text(kid: string, key: Uint8Array): string {
  return `${kid}:${Buffer.from(key).toString('base64url')}`;
}

function errorOf(environment: Record<string, string | undefined>): ConfigError {
  try {
    readEnvironment(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
}

/** The settings that an error names, each once. */
function namesIn({ faults }: ConfigError): string[] {
  return [...new Set(faults.map((fault) => fault.split(' ')[0] ?? ''))].sort();
}

function faultsOf(environment: Record<string, string | undefined>): string[] {
  return namesIn(errorOf(environment));
}
