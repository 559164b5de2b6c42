import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { AuthConfig } from '../config/config.js';
import { Problem } from '../http/problem.js';
import type { Clock } from '../runtime/clock.js';
import { type Caller, callerFromClaims } from './caller.js';
import { type KeySet, KeySetUnavailable } from './key-set.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Longer ones are no access tokens; verification must not be a way to burn CPU. */
const MAX_TOKEN_LENGTH = 16_384;

/** Checks callers' access tokens: JWTs (RFC 7519) signed by a key of the identity provider's set. */
export class TokenVerifier {
  private readonly options: JWTVerifyOptions;
  private readonly verified: VerifiedTokens;

  constructor(
    private readonly config: AuthConfig,
    private readonly keys: KeySet,
    private readonly clock: Clock,
  ) {
    this.verified = new VerifiedTokens(clock);
    this.options = {
      issuer: config.issuer,
      audience: config.audience,
      algorithms: [...config.algorithms],
      clockTolerance: config.clockToleranceS,
      requiredClaims: ['exp', 'sub'],
    };
  }

  /**
   * @param authorization the values of the `Authorization` header: of two, neither is believed
   * @throws Problem unauthenticated, identity-provider-unavailable
   */
  async verify(authorization: readonly string[] = []): Promise<Caller> {
    const [header = '', ...others] = authorization;
    const [, token] = (others.length === 0 ? /^Bearer +([A-Za-z0-9_.-]+) *$/i.exec(header) : null) ?? [];
    if (token === undefined) throw unauthenticated('Send Authorization: Bearer <access token>.');
    if (token.length > MAX_TOKEN_LENGTH) throw unauthenticated('The access token is too long.');
    const known = this.verified.find(token);
    if (known !== undefined) return known;
    const claims = await this.claimsOf(token);
    const caller = callerFromClaims(claims, this.config.tenantClaim);
    if (caller === undefined) throw unauthenticated('The access token names no usable sub.');
    this.verified.remember(token, caller, ((claims.exp ?? 0) + this.config.clockToleranceS) * 1_000);
    return caller;
  }

  private async claimsOf(token: string): Promise<JWTPayload> {
    const options = { ...this.options, currentDate: new Date(this.clock.now()) };
    try {
      const { payload } = await jwtVerify(token, this.keys.keyFor, options);
      return payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.claimsByAnyKey(token, error, options);
      throw refusalOf(error);
    }
  }

  /** A token without `kid` fits several keys of the set: the first that verifies it decides. */
  private async claimsByAnyKey(
    token: string,
    candidates: errors.JWKSMultipleMatchingKeys,
    options: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    let tried = 0;
    for await (const key of candidates) {
      if (++tried > MAX_CANDIDATE_KEYS) break;
      try {
        const { payload } = await jwtVerify(token, key, options);
        return payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error);
      }
    }
    throw unauthenticated('The access token is not signed by a known key.');
  }
}

const MAX_CANDIDATE_KEYS = 8;

function refusalOf(error: unknown): Problem {
  if (error instanceof KeySetUnavailable) {
    return new Problem(
      'identity-provider-unavailable',
      'The keys that access tokens are checked with cannot be loaded.',
      { retryAfterS: 5, cause: error },
    );
  }
  if (error instanceof errors.JWTExpired) return unauthenticated('The access token has expired.');
  if (error instanceof errors.JWTClaimValidationFailed && CLAIMS_TO_NAME.has(error.claim)) {
    return unauthenticated(`The access token's ${error.claim} is not accepted.`);
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    return unauthenticated('The access token is not valid.');
  }
  return new Problem('internal', 'An unexpected error; tell us the request id.', { cause: error });
}

const CLAIMS_TO_NAME = new Set(['iss', 'aud', 'nbf', 'exp', 'iat', 'sub']);

function unauthenticated(detail: string): Problem {
  return new Problem('unauthenticated', detail);
}
