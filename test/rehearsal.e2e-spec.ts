import { readEnvironment } from '../src/config/environment.js';
import { rehearse } from '../src/rehearsal.js';
import { ENCRYPTION_KEY } from './support/start-bff.js';

/** A port that nobody listens on. */
const NOWHERE = 'http://127.0.0.1:9';

it.each(['always', 'never'])(
  'every patch of the rehearsal succeeds, with the real settings of a service that reaches nothing; read before: %s',
  async (preRead) => {
    const config = readEnvironment({
      NODE_ENV: 'test',
      AUTH_ISSUER: 'https://idp.test',
      AUTH_AUDIENCE: 'one,other',
      AUTH_JWKS_URL: `${NOWHERE}/jwks`,
      AUTH_ALGORITHMS: 'EdDSA',
      AUTH_TENANT_CLAIM: '/org/id',
      AUTH_SCOPE_CLAIM: 'permissions',
      AUTH_SCOPE_PREFIX: 'api/',
      BILLING_API_URL: NOWHERE,
      CUSTOMER_PRE_READ: preRead,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
      ENCRYPTION_KEYS: ENCRYPTION_KEY,
      RATE_LIMIT_PER_MINUTE: '1',
      CALLER_MAX_IN_FLIGHT: '1',
      TRUST_PROXY: '1',
    });
    const { sent, succeeded } = await rehearse(config);
    expect(sent).toBeGreaterThan(0);
    expect(succeeded).toBe(sent);
  },
);
