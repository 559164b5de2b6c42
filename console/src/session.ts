// Who is signed in. The token stays in memory: a reload ends the session. What has to outlive the visit to the login page
// (the PKCE verifier) is in sessionStorage, and good for nothing without the code.
import { type Api, createApi } from './api.js';

/** What the BFF says of the login: `/console/settings.json`. */
export interface ConsoleSettings {
  /** Unset: a token is pasted. */
  readonly oauth: OAuth | null;
}

export interface OAuth {
  readonly authorize_url: string;
  readonly token_url: string;
  readonly client_id: string;
  /** Accounts that the console offers with one click; for sandboxes. */
  readonly login_hints: readonly string[];
}

export interface Session {
  readonly api: Api;
  /** As the token names its owner; only for display. */
  readonly name: string;
  /** What the token allows, as far as the console can read it; undefined: all is tried. */
  readonly scopes: readonly string[] | undefined;
  readonly tenant: string | undefined;
  /** The same, acting for another tenant. */
  for(tenant: string): Session;
  may(scope: string): boolean;
}

const VERIFIER = 'console-pkce-verifier';
const STATE = 'console-oauth-state';
const PAGE = 'console-page';

export function sessionOf(token: string, tenant?: string): Session {
  const claims = claimsOf(token);
  const scopes = scopesOf(claims);
  return {
    api: createApi(token, tenant),
    name: text(claims['sub']) ?? text(claims['client_id']) ?? 'unknown',
    scopes,
    tenant: tenant ?? text(claims['tenant_id']),
    for: (other) => sessionOf(token, other),
    may: (scope) =>
      scopes === undefined || scopes.some((one) => one === scope || one.startsWith(`${scope}:`)),
  };
}

/** Leaves for the login page (authorization code with PKCE, RFC 7636). */
export async function signIn(oauth: OAuth, hint?: string): Promise<void> {
  const [verifier, state] = [randomText(), randomText()];
  sessionStorage.setItem(VERIFIER, verifier);
  sessionStorage.setItem(STATE, state);
  sessionStorage.setItem(PAGE, location.hash);
  const url = new URL(oauth.authorize_url);
  const query = {
    response_type: 'code',
    client_id: oauth.client_id,
    redirect_uri: redirectUri(),
    code_challenge: await challengeOf(verifier),
    code_challenge_method: 'S256',
    state,
    ...(hint === undefined ? {} : { login_hint: hint }),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url);
}

/**
 * The session, if the login page has just sent us here.
 * @throws Error with a message for the person
 */
export async function signedIn(oauth: OAuth): Promise<Session | undefined> {
  const query = new URLSearchParams(location.search);
  if (!query.has('code') && !query.has('error')) return undefined;
  const [verifier, state, page] = [VERIFIER, STATE, PAGE].map((name) => {
    const value = sessionStorage.getItem(name) ?? '';
    sessionStorage.removeItem(name);
    return value;
  });
  history.replaceState(null, '', `${location.pathname}${page ?? ''}`);
  if (query.has('error')) throw new Error(`The login was refused: ${query.get('error') ?? ''}.`);
  if (state === '' || query.get('state') !== state)
    throw new Error('This login was not begun here. Sign in again.');
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: query.get('code') ?? '',
    client_id: oauth.client_id,
    redirect_uri: redirectUri(),
    code_verifier: verifier ?? '',
  });
  const response = await fetch(oauth.token_url, { method: 'POST', body: form });
  const answer = (await response.json().catch(() => ({}))) as { access_token?: unknown };
  if (!response.ok || typeof answer.access_token !== 'string')
    throw new Error(`The login gave no token (${response.status}). Sign in again.`);
  return sessionOf(answer.access_token);
}

function redirectUri(): string {
  return `${location.origin}${location.pathname}`;
}

/** For display only: the BFF checks the token. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    const bytes = Uint8Array.from(atob(urlSafe(token.split('.')[1] ?? '')), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function urlSafe(text: string): string {
  return text.replaceAll('-', '+').replaceAll('_', '/');
}

function scopesOf({ scope, scp }: Record<string, unknown>): string[] | undefined {
  const given = [scope, scp].flatMap((value) => (typeof value === 'string' ? value.split(' ') : value));
  const scopes = given.filter((value) => typeof value === 'string' && value !== '') as string[];
  return scopes.length === 0 ? undefined : scopes;
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}

async function challengeOf(verifier: string): Promise<string> {
  return base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
}

function randomText(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)).buffer);
}

function base64url(bytes: ArrayBuffer): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
