import { createHash, randomBytes } from 'node:crypto';
import { type Client, grantedScopes, type RedeemCode } from './token-grant.js';

/** How `GET /authorize` is answered. */
export type SignInAnswer =
  | { readonly redirect: string }
  /** HTML for the person: who is it? */
  | { readonly page: string }
  /** The page that asked can't be trusted with an answer (RFC 6749, section 4.1.2.1). */
  | { readonly refusal: string };

/** A code that was given out. */
interface Issued {
  readonly person: Client;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scope: string;
  readonly until: number;
}

/** Only pages of this machine get codes. */
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/|$)/;
const CODE_LIFETIME_MS = 60_000;

/**
 * The authorization code grant with PKCE (RFC 7636) for the persons of a client, which needs no secret. Nobody is asked
 * for a password: it is a sandbox.
 */
export class SignIn {
  readonly #issued = new Map<string, Issued>();

  /** @param now milliseconds; any origin */
  constructor(
    private readonly clients: readonly Client[],
    private readonly now: () => number,
  ) {}

  /** Redirects if `login_hint` names a person; otherwise asks who it is. */
  answer(query: URLSearchParams): SignInAnswer {
    const given = (name: string): string => query.get(name) ?? '';
    const persons = this.clients.filter(({ uses }) => uses !== undefined && uses === given('client_id'));
    if (persons.length === 0) return { refusal: 'No person uses a client with this client_id.' };
    if (!LOCAL.test(given('redirect_uri')) || !URL.canParse(given('redirect_uri')))
      return {
        refusal: 'redirect_uri must be a page of this machine: http://localhost or http://127.0.0.1.',
      };
    if (given('response_type') !== 'code') return back(query, { error: 'unsupported_response_type' });
    if (given('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(given('code_challenge')))
      return back(query, { error: 'invalid_request', error_description: 'PKCE with S256 is required.' });
    const person = persons.find(({ id }) => id === given('login_hint'));
    if (person === undefined) return { page: choice(persons, query) };
    const scope = grantedScopes(person, given('scope'));
    if (scope === undefined) return back(query, { error: 'invalid_scope' });
    const code = randomBytes(24).toString('base64url');
    this.#forgetExpired();
    this.#issued.set(code, {
      ...{ person, scope, redirectUri: given('redirect_uri'), challenge: given('code_challenge') },
      until: this.now() + CODE_LIFETIME_MS,
    });
    return back(query, { code });
  }

  /** A code is good for one try. */
  readonly redeem: RedeemCode = (form) => {
    const code = form.get('code') ?? '';
    const issued = this.#issued.get(code);
    this.#issued.delete(code);
    if (issued === undefined || this.now() >= issued.until) return undefined;
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const fits =
      challenge === issued.challenge &&
      form.get('redirect_uri') === issued.redirectUri &&
      form.get('client_id') === issued.person.uses;
    return fits ? { person: issued.person, scope: issued.scope } : undefined;
  };

  #forgetExpired(): void {
    for (const [code, { until }] of this.#issued) if (until <= this.now()) this.#issued.delete(code);
  }
}

function back(query: URLSearchParams, members: Record<string, string>): SignInAnswer {
  const url = new URL(query.get('redirect_uri') ?? '');
  const state = query.get('state');
  for (const [name, value] of Object.entries({ ...members, ...(state === null ? {} : { state }) }))
    url.searchParams.set(name, value);
  return { redirect: url.href };
}

/** Links only, so that nothing of the query is shown; `URLSearchParams` encodes what would end an attribute. */
function choice(persons: readonly Client[], query: URLSearchParams): string {
  const links = persons.map(({ id, scopes }) => {
    const chosen = new URLSearchParams(query);
    chosen.set('login_hint', id);
    return `<li><a href="/authorize?${chosen.toString().replaceAll('&', '&amp;')}">${id}</a> <small>${scopes.join(' ')}</small></li>`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox: sign in</title>
<style>body{font:1.1rem/1.6 system-ui;margin:4rem auto;max-width:40rem}small{color:#666}</style>
<h1>Who are you?</h1><ul>${links.join('')}</ul></html>`;
}
