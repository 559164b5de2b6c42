import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { readJson, writePrivately } from './data-folder.js';
import { HOST, listen } from './listen.js';
import { members, text } from './shape.js';
import { SignIn } from './sign-in.js';
import { type Client, type Grant, grantFor, TOKEN_LIFETIME_S } from './token-grant.js';

export interface IdentityProviderOptions {
  clients: readonly Client[];
  /** The `aud` of every token. */
  audience: string;
  /** 0, the default, picks a free port. */
  port?: number;
  /** Milliseconds; any origin. */
  now?: () => number;
  /** File that keeps the signing key across restarts, so that earlier tokens keep working. */
  keyFile?: string;
}

/** The running OAuth server. */
export interface IdentityProvider {
  /** The `iss` of its tokens, and the address it listens on. */
  readonly issuer: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly jwksUrl: string;
  close(): Promise<void>;
}

const ROUTES = {
  token: '/token',
  authorize: '/authorize',
  jwks: '/jwks',
  discovery: '/.well-known/openid-configuration',
} as const;

/** ES256: the BFF accepts it by default, and tokens are short enough to paste. */
const ALGORITHM = 'ES256';

/** How long the keys can't be had after a token of a client with `keysDown`. */
const KEYS_DOWN_FOR_MS = 30_000;

/** More than any token request has. */
const MAX_FORM_BYTES = 16_384;

/**
 * Starts an OAuth server on 127.0.0.1. It issues tokens by client credentials (RFC 6749, section 4.4), and to persons by
 * authorization code with PKCE (`sign-in.ts`), and publishes its key. Pages of any origin may call it.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { clients, audience, port = 0, keyFile, now = () => performance.now() } = options;
  const { kid, privateKey, published } = await signingKey(keyFile);
  const signIn = new SignIn(clients, now);
  let keysDownUntil = -Infinity;

  const server = createServer((request, response) => {
    // If a caller hangs up half-way, there is nothing to answer.
    respond(request, response).catch(() => response.destroy());
  });

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const method = pathname === ROUTES.token ? 'POST' : 'GET';
    response.setHeader('access-control-allow-origin', '*');
    if (!Object.values<string>(ROUTES).includes(pathname)) response.writeHead(404).end();
    else if (request.method === 'OPTIONS') preflight(request, response, method);
    else if (request.method !== method) response.writeHead(405, { allow: `${method}, OPTIONS` }).end();
    else if (pathname === ROUTES.token) await token(request, response);
    else if (pathname === ROUTES.authorize) authorize(signIn, searchParams, response);
    else if (pathname === ROUTES.discovery) json(response, 200, discovery(url));
    else if (now() < keysDownUntil) response.writeHead(503).end();
    else json(response, 200, { keys: [published] });
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await bodyOf(request));
    const grant = grantFor(clients, signIn.redeem, { form, authorization: request.headers.authorization });
    response.setHeader('cache-control', 'no-store');
    if ('error' in grant) {
      if (grant.status === 401) response.setHeader('www-authenticate', 'Basic realm="sandbox"');
      json(response, grant.status, { error: grant.error, error_description: grant.description });
      return;
    }
    const { keysDown } = grant.client;
    if (keysDown === true) keysDownUntil = now() + KEYS_DOWN_FOR_MS;
    const access_token = await new SignJWT(claimsOf(grant))
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: keysDown === true ? 'not-published' : kid })
      .setIssuer(url)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${TOKEN_LIFETIME_S} s`)
      .sign(privateKey);
    json(response, 200, {
      access_token,
      token_type: 'Bearer',
      expires_in: TOKEN_LIFETIME_S,
      scope: grant.scope,
    });
  }

  const url = `http://${HOST}:${await listen(server, port)}`;
  return {
    issuer: url,
    authorizeUrl: url + ROUTES.authorize,
    tokenUrl: url + ROUTES.token,
    jwksUrl: url + ROUTES.jwks,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function claimsOf({ client, scope }: Extract<Grant, { client: Client }>): Record<string, unknown> {
  return {
    sub: client.id,
    client_id: client.uses ?? client.id,
    ...(client.uses === undefined ? {} : { preferred_username: client.id }),
    scope,
    ...(client.tenant === undefined ? {} : { tenant_id: client.tenant }),
  };
}

function authorize(signIn: SignIn, query: URLSearchParams, response: ServerResponse): void {
  const answer = signIn.answer(query);
  if ('redirect' in answer) response.writeHead(302, { location: answer.redirect }).end();
  else if ('page' in answer)
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(answer.page);
  else response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(answer.refusal);
}

function preflight({ headers }: IncomingMessage, response: ServerResponse, method: string): void {
  const asked = headers['access-control-request-headers'];
  response
    .writeHead(204, {
      'access-control-allow-methods': method,
      ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    })
    .end();
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_FORM_BYTES) throw new RangeError('the form is too large');
  }
  return body;
}

interface SigningKey {
  kid: string;
  privateKey: Awaited<ReturnType<typeof importJWK>>;
  /** Its public half. */
  published: JWK;
}

/** The key of an earlier run, or a new one that is stored for the next run. */
async function signingKey(file: string | undefined): Promise<SigningKey> {
  const kept = file === undefined ? undefined : readJson(file);
  const jwk = kept === undefined ? await newKey() : members(kept, 'key');
  if (kept === undefined && file !== undefined) writePrivately(file, jwk);
  const { d, ...published } = jwk;
  return { kid: text(jwk.kid, 'key.kid'), privateKey: await importJWK(jwk, ALGORITHM), published };
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' };
}

function discovery(url: string): Record<string, unknown> {
  return {
    issuer: url,
    authorization_endpoint: url + ROUTES.authorize,
    token_endpoint: url + ROUTES.token,
    jwks_uri: url + ROUTES.jwks,
    grant_types_supported: ['client_credentials', 'authorization_code'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  };
}
