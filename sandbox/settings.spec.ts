import { readSettings } from './settings.js';

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
