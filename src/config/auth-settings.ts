import { type ClaimPath, parseClaimPath } from './claim-path.js';
import type { AuthConfig } from './config.js';
import type { SettingReader } from './setting-reader.js';

const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** The settings whose names begin with AUTH_. */
export function readAuth(read: SettingReader): AuthConfig {
  const algorithms = read.list('AUTH_ALGORITHMS');
  if (algorithms.some((algorithm) => !ASYMMETRIC_ALGORITHMS.includes(algorithm))) {
    read.fault('AUTH_ALGORITHMS', `accepts only asymmetric algorithms: ${ASYMMETRIC_ALGORITHMS.join(', ')}`);
  }
  return {
    issuer: read.required('AUTH_ISSUER'),
    audiences: readAudiences(read),
    audienceClaim: readClaim(read, 'AUTH_AUDIENCE_CLAIM', 'aud'),
    jwksUrl: readJwksUrl(read),
    scopeClaims: readScopeClaims(read),
    scopePrefix: readScopePrefix(read),
    tenantClaim: readClaim(read, 'AUTH_TENANT_CLAIM', 'tenant_id'),
    algorithms: algorithms.length > 0 ? algorithms : ['RS256', 'PS256', 'ES256', 'EdDSA'],
    clockToleranceS: read.integer('AUTH_CLOCK_TOLERANCE_S', 5, 0, 300),
  };
}

function readAudiences(read: SettingReader): string[] {
  const audiences = read.list('AUTH_AUDIENCE');
  if (audiences.length === 0) read.fault('AUTH_AUDIENCE', 'is required; set it');
  return audiences;
}

function readClaim(read: SettingReader, name: string, fallback: string): ClaimPath {
  return claimPath(read, name, read.text(name, fallback));
}

function readScopeClaims(read: SettingReader): ClaimPath[] {
  const names = read.list('AUTH_SCOPE_CLAIM');
  const claims = names.length === 0 ? ['scope', 'scp'] : names;
  return claims.map((claim) => claimPath(read, 'AUTH_SCOPE_CLAIM', claim));
}

function claimPath(read: SettingReader, name: string, text: string): ClaimPath {
  const path = parseClaimPath(text);
  if (path === undefined) {
    read.fault(name, 'must be the name of a claim, or an RFC 6901 pointer (~0 for ~, ~1 for /)');
  }
  return path ?? { name: text, steps: [] };
}

function readScopePrefix(read: SettingReader): string {
  const prefix = read.text('AUTH_SCOPE_PREFIX', 'none');
  if (prefix === 'none') return '';
  if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(prefix)) {
    read.fault(
      'AUTH_SCOPE_PREFIX',
      'must be the beginning of a scope: visible ASCII without spaces and quotes',
    );
  }
  return prefix;
}

/** A JWKS address may have a query: some identity providers select the key set by it. */
function readJwksUrl(read: SettingReader): URL {
  const value = read.required('AUTH_JWKS_URL');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.username === '') return url;
  if (value !== '') read.fault('AUTH_JWKS_URL', 'must be an http:// or https:// URL without user name');
  return new URL('https://unset.invalid');
}
