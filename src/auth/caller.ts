/** The caller, according to the verified access token. */
export interface Caller {
  /** `service` if the token was issued to a client for itself (RFC 9068, section 2.2: `sub` is the client). */
  readonly type: 'user' | 'service';
  readonly sub: string;
  readonly clientId: string | null;
  readonly scopes: readonly string[];
  /** The tenant in the token, if there is one. */
  readonly tenantId: string | null;
}

/**
 * Reads the claims of a verified token. Every audit event stores them, so they must be readable text that a database
 * accepts: 1 to 255 characters, without invisible characters and without characters that change the direction of
 * text.
 * @returns undefined if `sub` is unusable
 */
export function callerFromClaims(
  claims: Readonly<Record<string, unknown>>,
  tenantClaim: string,
): Caller | undefined {
  const sub = plainText(claims['sub']);
  if (sub === undefined) return undefined;
  const clientId = plainText(claims['client_id']) ?? plainText(claims['azp']) ?? null;
  return {
    type: sub === clientId ? 'service' : 'user',
    sub,
    clientId,
    scopes: scopesOf(claims),
    tenantId: plainText(claims[tenantClaim]) ?? null,
  };
}

/** `scope` (RFC 8693, a space-separated string) or `scp` (an array); anything else grants nothing. */
function scopesOf(claims: Readonly<Record<string, unknown>>): string[] {
  const { scope, scp } = claims;
  const names: unknown[] = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scp) ? scp : [];
  const scopes = names.filter((name) => typeof name === 'string').filter((name) => SCOPE_TOKEN.test(name));
  return [...new Set(scopes)].slice(0, 100);
}

/** `scope-token` of RFC 6749, section 3.3, with a limited length. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

const UNREADABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

function plainText(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined;
  return UNREADABLE.test(value) || !/^.{1,255}$/su.test(value) ? undefined : value;
}
