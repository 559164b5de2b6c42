import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ignoredSettings, readSettings } from './settings.js';

const DEFAULTS = {
  BILLING_API_TIMEOUT_MS: '2000',
  CORS_ORIGINS: 'http://localhost:*,http://127.0.0.1:*',
};

it('has defaults for everything', () => {
  expect(readSettings({}, '/repo')).toEqual({
    bffPort: 3000,
    billingPort: 3001,
    identityProviderPort: 3002,
    dataFolder: '/repo/data/sandbox',
    passedOn: DEFAULTS,
  });
});

it('takes ports, a folder relative to the repository, and the few settings of the BFF that are the user’s', () => {
  const env = {
    PORT: '0',
    SANDBOX_BILLING_PORT: '0',
    SANDBOX_IDP_PORT: '4002',
    SANDBOX_DATA_DIR: 'elsewhere',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_PER_MINUTE: '5',
    DATABASE_URL: 'postgres://127.0.0.1/x',
    BILLING_API_TIMEOUT_MS: '5000',
    AUTH_ISSUER: 'http://stray.test',
    TENANTS_FILE: '/stray',
  };
  expect(readSettings(env, '/repo')).toEqual({
    bffPort: 0,
    billingPort: 0,
    identityProviderPort: 4002,
    dataFolder: '/repo/elsewhere',
    passedOn: {
      ...DEFAULTS,
      LOG_LEVEL: 'warn',
      RATE_LIMIT_PER_MINUTE: '5',
      DATABASE_URL: 'postgres://127.0.0.1/x',
      BILLING_API_TIMEOUT_MS: '5000',
    },
  });
});

it('names every fault at once', () => {
  expect(() => readSettings({ PORT: '3000x', SANDBOX_IDP_PORT: '65536' }, '/repo')).toThrow(
    'PORT must be a port from 0 to 65535, but it is "3000x".\n' +
      'SANDBOX_IDP_PORT must be a port from 0 to 65535, but it is "65536".',
  );
});

it('refuses one port for two servers', () => {
  expect(() => readSettings({ SANDBOX_BILLING_PORT: '3000' }, '/repo')).toThrow(
    'PORT and SANDBOX_BILLING_PORT name the same port, 3000: each needs its own.',
  );
});

describe('what is ignored is named', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'settings-'));
    const known = ['PORT', 'NODE_ENV', 'AUTH_ISSUER', 'TENANTS_FILE', 'LOG_LEVEL'];
    writeFileSync(path.join(root, '.env.example'), `# all\n${known.map((name) => `${name}=x`).join('\n')}\n`);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const used = {
    PORT: '3000',
    NODE_ENV: 'development',
    AUTH_ISSUER: 'http://127.0.0.1:3002',
    LOG_LEVEL: 'warn',
  };

  it('unless the sandbox uses the same value, or the variable is empty or none of ours', () => {
    const env = { PORT: '3000', NODE_ENV: 'development', LOG_LEVEL: 'warn', TENANTS_FILE: ' ', HOME: '/x' };
    expect(ignoredSettings({ ...env, SANDBOX_DATA_DIR: 'x' }, root, used)).toEqual([]);
    expect(ignoredSettings(env, path.join(root, 'nowhere'), used)).toEqual([]);
  });

  it('in the environment and in .env, without values', () => {
    writeFileSync(path.join(root, '.env'), 'AUTH_ISSUER=S3CR3T\nexport LOG_LEVEL=debug\nOTHER=1\n# PORT=1\n');
    const env = { AUTH_ISSUER: 'S3CR3T', TENANTS_FILE: '/S3CR3T', NODE_ENV: 'production', SANDBOX_PORT: '1' };
    expect(ignoredSettings(env, root, used)).toEqual([
      'Ignored: NODE_ENV, AUTH_ISSUER, TENANTS_FILE. The sandbox has its own settings; npm run start:prod takes yours.',
      'Ignored: SANDBOX_PORT. The sandbox knows SANDBOX_BILLING_PORT, SANDBOX_IDP_PORT, SANDBOX_DATA_DIR.',
      'Ignored: the file .env (AUTH_ISSUER, LOG_LEVEL). The sandbox reads the environment only.',
    ]);
  });
});
