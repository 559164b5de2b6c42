import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult } from 'jose';
import { Config } from '../config/config.js';
import { Problem } from '../http/problem.js';
import { Clock } from '../runtime/clock.js';
import { type Caller, callerFromClaims } from './caller.js';
import { claimAt } from './claims.js';
import { KeySet, KeySetUnavailable } from './key-set.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Longer values are not access tokens. A verification must not waste CPU. */
const MAX_TOKEN_LENGTH = 16_384;

/** Checks callers' access tokens: JWTs (RFC 7519) signed by a key of the identity provider's set. */
@Injectable()
export class TokenVerifier {
  private readonly auth: Config['auth'];
  private readonly options: JWTVerifyOptions;
  private readonly verified: VerifiedTokens;

  constructor(
    config: Config,
    private readonly keys: KeySet,
    private readonly clock: Clock,
  ) {
    this.verified = new VerifiedTokens(clock);
    this.auth = config.auth;
    this.options = {
      issuer: this.auth.issuer,
      algorithms: [...this.auth.algorithms],
      clockTolerance: this.auth.clockToleranceS,
      requiredClaims: ['exp'],
    };
  }

  /**
   * @param authorization the values of the `Authorization` header; if there are two, both are refused
   * @throws Problem unauthenticated, identity-provider-unavailable
   */
  async verify(authorization: readonly string[] = []): Promise<Caller> {
    const [header = '', ...others] = authorization;
    const [, token] = (others.length === 0 ? /^Bearer +([A-Za-z0-9_.-]+) *$/i.exec(header) : null) ?? [];
    if (token === undefined)
      throw unauthenticated(
        'Send Authorization: Bearer <access token>.',
        'authorization: none, or no single Bearer token',
      );
    if (token.length > MAX_TOKEN_LENGTH)
      throw unauthenticated('The access token is too long.', 'token: too long');
    const known = this.verified.find(token);
    if (known !== undefined) return known;
    const claims = await this.claimsOf(token);
    const caller = callerFromClaims(claims, this.auth);
    if (typeof caller === 'string') {
      throw unauthenticated('The access token names no usable sub.', `sub: ${caller}`);
    }
    this.verified.remember(token, caller, ((claims.exp ?? 0) + this.auth.clockToleranceS) * 1_000);
    return caller;
  }

  /** If none of the current keys signed a token, newer keys are fetched once. */
  private async claimsOf(token: string): Promise<JWTPayload> {
    const startedAt = this.clock.monotonic();
    try {
      return await this.claimsByKeyAtHand(token);
    } catch (error) {
      if (!isAboutKey(error) || !(await this.keys.renew(startedAt))) throw refusalOf(error);
    }
    try {
      return await this.claimsByKeyAtHand(token);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  private async claimsByKeyAtHand(token: string): Promise<JWTPayload> {
    const options = { ...this.options, currentDate: new Date(this.clock.now()) };
    try {
      return claimsOfAccessToken(await jwtVerify(token, this.keys.keyFor, options), this.auth);
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys)
        return claimsByAnyKey(token, error, options, this.auth);
      throw error;
    }
  }
}

const MAX_CANDIDATE_KEYS = 32;

/**
 * A token without `kid` fits several keys of the set. The first key that verifies it decides, even if others have
 * errors.
 */
async function claimsByAnyKey(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
  auth: Config['auth'],
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of candidates) {
    if (++tried > MAX_CANDIDATE_KEYS) break;
    try {
      return claimsOfAccessToken(await jwtVerify(token, key, options), auth);
    } catch (error) {
      if (isAboutClaims(error)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** `typ` of access tokens for APIs (RFC 9068, section 4), abbreviated as in RFC 7515, section 4.1.9. */
const ACCESS_TOKEN_TYPES = /^(?:application\/)?(?:jwt|at\+jwt)$/i;

function claimsOfAccessToken(
  { payload, protectedHeader }: JWTVerifyResult,
  auth: Config['auth'],
): JWTPayload {
  const typ: unknown = protectedHeader.typ;
  if (typ !== undefined && !(typeof typ === 'string' && ACCESS_TOKEN_TYPES.test(typ))) {
    throw unauthenticated('The token is no access token: its typ is not accepted.', 'typ: not accepted');
  }
  if (payload['cnf'] !== undefined) {
    const detail = 'The access token is bound to a key (cnf), which is not supported here.';
    throw unauthenticated(detail, 'cnf: bound tokens are not supported');
  }
  requireAudience(payload, auth);
  return payload;
}

/** The audience is text, or a list of texts (RFC 7519, section 4.1.3); one of ours is enough. */
function requireAudience(claims: JWTPayload, { audienceClaim, audiences }: Config['auth']): void {
  const { name } = audienceClaim;
  const claim = claimAt(claims, audienceClaim);
  const named: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  if (audiences.some((audience) => named.includes(audience))) return;
  const reason = claim === undefined ? 'missing' : 'not accepted';
  throw unauthenticated(`The access token's ${name} is not accepted.`, `${name}: ${reason}`);
}

/** Whether the signature was valid, but a claim was not. */
function isAboutClaims(error: unknown): boolean {
  return (
    error instanceof Problem ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTInvalid
  );
}

/** Whether another key signed the token, or our key is weak or broken. */
function isAboutKey(error: unknown): boolean {
  return error instanceof errors.JWSSignatureVerificationFailed || error instanceof TypeError;
}

function refusalOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof KeySetUnavailable) {
    return new Problem(
      'identity-provider-unavailable',
      'The keys that access tokens are checked with cannot be loaded.',
      { retryAfterS: 5, cause: error },
    );
  }
  if (error instanceof errors.JWTExpired) {
    return unauthenticated('The access token has expired.', 'exp: in the past');
  }
  if (error instanceof errors.JWTClaimValidationFailed && CLAIMS_TO_NAME.has(error.claim)) {
    return unauthenticated(`The access token's ${error.claim} is not accepted.`, reasonOf(error));
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) {
    const reason = error instanceof errors.JOSEError ? REASONS[error.code] : 'key: not usable';
    return unauthenticated('The access token is not valid.', reason ?? 'token: not valid');
  }
  return new Problem('internal', 'An unexpected error occurred. Report the request id to the operators.', {
    cause: error,
  });
}

const CLAIMS_TO_NAME = new Set(['iss', 'nbf', 'exp', 'iat']);

function reasonOf({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `${claim}: missing`;
  if (reason === 'invalid') return `${claim}: not well-formed`;
  return `${claim}: ${claim === 'nbf' ? 'in the future' : 'not accepted'}`;
}

/** The meaning of jose's other errors, for the log. */
const REASONS: Partial<Record<string, string>> = {
  [errors.JOSEAlgNotAllowed.code]: 'alg: not allowed',
  [errors.JOSENotSupported.code]: 'crit: not supported',
  [errors.JWSInvalid.code]: 'token: not well-formed',
  [errors.JWTInvalid.code]: 'token: not well-formed',
  [errors.JWKSNoMatchingKey.code]: 'kid: no such key',
  [errors.JWKSInvalid.code]: 'key: not usable',
  [errors.JWSSignatureVerificationFailed.code]: 'signature: not by a known key',
};

/** @param reason for the log: the part of the token and its fault, never its value */
function unauthenticated(detail: string, reason: string): Problem {
  return new Problem('unauthenticated', detail, { reason });
}
