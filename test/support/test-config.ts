import type { Config } from '../../src/config/config.js';
import { readEnvironment } from '../../src/config/environment.js';

/** The defaults and `settings`, for what is constructed by hand: nothing listens at the addresses. */
export function testConfig(settings: Record<string, string> = {}): Config {
  return readEnvironment({
    AUTH_ISSUER: 'https://idp.test/',
    AUTH_AUDIENCE: 'https://bff.test',
    AUTH_JWKS_URL: 'https://idp.test/jwks',
    BILLING_API_URL: 'https://billing.test',
    ...settings,
  });
}
