/** An API token of the billing API. `name` is the actor in its activity log (U16). */
export interface ApiToken {
  name: string;
  value: string;
}

/** Owner of the token. */
export interface TokenHolder {
  tenantId: string;
  tokenName: string;
}

/** How long a valid token is cached (U15). */
const VALIDITY_CACHED_MS = 120_000;

/** The API tokens. Their cache lets a revoked token work for up to two minutes (U15). */
export class ApiTokens {
  readonly #valid = new Map<string, TokenHolder>();
  readonly #cached = new Map<string, { holder: TokenHolder; until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(tenantId: string, token: ApiToken): void {
    this.#valid.set(token.value, { tenantId, tokenName: token.name });
  }

  revoke(value: string): void {
    this.#valid.delete(value);
  }

  /** The owner of `Authorization: Bearer …`, or `undefined` if there is no such token. */
  holder(authorization: string | undefined): TokenHolder | undefined {
    const value = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (value === undefined) return undefined;
    const cached = this.#cached.get(value);
    if (cached !== undefined && this.#now() < cached.until) return cached.holder;
    const holder = this.#valid.get(value);
    if (holder === undefined) this.#cached.delete(value);
    else this.#cached.set(value, { holder, until: this.#now() + VALIDITY_CACHED_MS });
    return holder;
  }
}
