import { readEnvironment } from './environment.js';

const REQUIRED = {
  AUTH_ISSUER: 'https://idp.test/',
  AUTH_AUDIENCE: 'https://bff.test',
  AUTH_JWKS_URL: 'https://idp.test/jwks',
  BILLING_API_URL: 'https://billing.test/base/',
};

describe('the settings', () => {
  it.each([
    ['AUTH_ISUER', 'AUTH_ISSUER'],
    ['auth_issuer', 'AUTH_ISSUER'],
    ['AUTH_JWKS_URI', 'AUTH_JWKS_URL'],
    ['BILLING_API_TIMEOUT', 'BILLING_API_TIMEOUT_MS'],
    ['AUDIT_RETENTION', 'AUDIT_RETENTION_DAYS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['TENANT_FILE', 'TENANTS_FILE'],
    ['SWAGGER_OAUTH_CLIENTID', 'SWAGGER_OAUTH_CLIENT_ID'],
    ['PROT', 'PORT'],
  ])('warn of a name that looks like a misspelt one: %s for %s', (name, nearest) => {
    expect(readEnvironment({ ...REQUIRED, [name]: 'S3CR3T' }).warnings).toEqual([
      `${name} is not a setting; did you mean ${nearest}?`,
    ]);
  });

  it('do not warn of names that are somebody else’s, or that are set to nothing', () => {
    const others = {
      AUTH_ISUER: ' ',
      HOME: '/root',
      PATH: '/bin',
      HOSTNAME: 'pod-1',
      NODE_OPTIONS: '--max-old-space-size=256',
      NODE_PATH: '/lib',
      PGDATA: '/var/lib/postgres',
      XDG_DATA_DIRS: '/usr/share',
      SSH_AUTH_SOCK: '/tmp/agent',
      ACME_BILLING_TOKEN: 'for the tenants’ file',
      BILLING_TOKEN_ACME: 'for the tenants’ file',
      // What Kubernetes sets for services of these names.
      AUTH_SERVICE_HOST: '10.0.0.1',
      AUTH_PORT_443_TCP_ADDR: '10.0.0.1',
      BILLING_API_PORT: 'tcp://10.0.0.2:80',
      BILLING_API_SERVICE_PORT_HTTP: '80',
    };
    expect(readEnvironment({ ...REQUIRED, ...others }).warnings).toEqual([]);
  });
});
