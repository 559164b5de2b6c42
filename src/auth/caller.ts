import type { AuthConfig } from '../config/config.js';
import { claimAt, type Claims, plainText } from './claims.js';
import { isScope } from './scopes.js';
import { readTenantClaim, type TenantClaim } from './tenant-claim.js';

/** Who acts for the subject of a token (RFC 8693, section 4.1). */
export interface ActingParty {
  /** Null if the token does not name it. */
  readonly sub: string | null;
  readonly clientId: string | null;
}

/** The caller, according to the verified access token. */
export type Caller = TenantClaim & {
  /** `service` if the token was issued to a client for itself. */
  readonly type: 'user' | 'service';
  readonly sub: string;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  /** The nearest first. */
  readonly act: readonly ActingParty[];
};

/** Why the subject of a token can't be used. */
export type SubjectFault = 'missing' | 'not usable';

/** Parties of an `act` claim that are recorded. */
const MAX_ACT = 5;
/** Scopes that are recorded. */
const MAX_SCOPES = 100;

/**
 * Reads the claims of a verified token, as the usual identity providers make them (docs/identity-providers.md). Every
 * audit event stores what is read, so names have to be readable.
 */
export function callerFromClaims(
  claims: Claims,
  settings: Pick<AuthConfig, 'scopeClaims' | 'scopePrefix' | 'tenantClaim'>,
): Caller | SubjectFault {
  const { sub, clientId } = partyOf(claims);
  if (sub === null) return claims['sub'] === undefined ? 'missing' : 'not usable';
  const caller: Caller = {
    type: isService(claims, sub, clientId) ? 'service' : 'user',
    sub,
    clientId,
    scopes: scopesOf(claims, settings),
    act: actOf(claims['act']),
    ...readTenantClaim(claims, settings.tenantClaim),
  };
  return caller;
}

/** A token without `sub` is about its client. A `sub` that can't be used is not replaced: it may be a person. */
function partyOf(claims: Claims): ActingParty {
  const names = ['client_id', 'azp', 'appid', 'cid'].map((name) => plainText(claims[name]));
  const clientId = names.find((name) => name !== undefined) ?? null;
  const sub = claims['sub'] === undefined ? clientId : (plainText(claims['sub']) ?? null);
  return { sub, clientId };
}

function isService(claims: Claims, sub: string, clientId: string | null): boolean {
  const { gty, idtyp, preferred_username: username } = claims;
  return (
    claims['sub'] === undefined ||
    sub === clientId ||
    gty === 'client-credentials' ||
    idtyp === 'app' ||
    sub.endsWith('@clients') ||
    (typeof username === 'string' && username.startsWith('service-account-'))
  );
}

/** What is neither text nor a list grants nothing. */
function scopesOf(
  claims: Claims,
  { scopeClaims, scopePrefix }: Pick<AuthConfig, 'scopeClaims' | 'scopePrefix'>,
): string[] {
  const named = scopeClaims.flatMap((path) => {
    const claim = claimAt(claims, path);
    const names: readonly unknown[] = typeof claim === 'string' ? claim.split(' ') : asList(claim);
    return names.filter((name) => typeof name === 'string');
  });
  const bare = named.map((name) => (name.startsWith(scopePrefix) ? name.slice(scopePrefix.length) : name));
  const scopes = [...new Set(bare)].filter((name) => SCOPE_TOKEN.test(name));
  if (scopes.length <= MAX_SCOPES) return scopes;
  // Those that grant something here must not be lost behind others.
  return [...scopes.filter(isScope), ...scopes.filter((name) => !isScope(name))].slice(0, MAX_SCOPES);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `scope-token` of RFC 6749, section 3.3, with a limited length. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** Each `act` may have one of its own: the party that acted before. */
function actOf(act: unknown): ActingParty[] {
  const parties: ActingParty[] = [];
  for (let link = act; isClaims(link) && parties.length < MAX_ACT; link = link['act']) {
    parties.push(partyOf(link));
  }
  return parties;
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
