import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, calculateJwkThumbprint } from 'jose';
import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';
import { readJson, writePrivately } from './data-folder.js';
import { HOST, listen } from './listen.js';
import { members } from './shape.js';
import { type Client, grantFor, TOKEN_LIFETIME_S } from './token-grant.js';

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
  readonly tokenUrl: string;
  readonly jwksUrl: string;
  close(): Promise<void>;
}

const DISCOVERY = '/.well-known/openid-configuration';
const ROUTES = new Map([
  ['/token', ['POST', 'OPTIONS']],
  ['/jwks', ['GET', 'OPTIONS']],
  [DISCOVERY, ['GET', 'OPTIONS']],
]);

/** How long the keys can't be had after a token of a client with `keysDown`. */
const KEYS_DOWN_FOR_MS = 30_000;

/** ES256: the BFF accepts it by default, and tokens are short enough to paste. */
const ALGORITHM = 'ES256';

/**
 * Starts an OAuth server on 127.0.0.1 that issues tokens by client credentials (RFC 6749, section 4.4) and publishes
 * its keys. The library issues tokens to everybody, so its hooks check the client and limit the scopes
 * (`token-grant.ts`). Its other endpoints, which would sign in anybody, can't be reached.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { clients, audience, port = 0, keyFile, now = () => performance.now() } = options;
  const issuer = new OAuth2Issuer();
  await issuer.keys.add(await signingKey(keyFile));
  const service = new OAuth2Service(issuer);
  const responses = new WeakMap<IncomingMessage, ServerResponse>();
  let keysDownUntil = -Infinity;

  service.on('beforeTokenSigning', (token: SignedToken, request: TokenRequest) => {
    const grant = grantFor(clients, request);
    if ('error' in grant) return; // It is signed, but `beforeResponse` does not send it.
    const { client, scope } = grant;
    if (client.keysDown === true) {
      token.header.kid = 'not-published';
      keysDownUntil = now() + KEYS_DOWN_FOR_MS;
    }
    Object.assign(token.payload, {
      exp: Number(token.payload.iat) + TOKEN_LIFETIME_S,
      aud: audience,
      sub: client.id,
      client_id: client.uses ?? client.id,
      ...(client.uses === undefined ? {} : { preferred_username: client.id }),
      scope,
      ...(client.tenant === undefined ? {} : { tenant_id: client.tenant }),
    });
  });

  service.on('beforeResponse', (response: TokenResponse, request: TokenRequest) => {
    const grant = grantFor(clients, request);
    if (!('error' in grant)) {
      response.body = { ...response.body, expires_in: TOKEN_LIFETIME_S, scope: grant.scope };
      return;
    }
    response.statusCode = grant.status;
    response.body = { error: grant.error, error_description: grant.description };
    if (grant.status === 401) responses.get(request)?.setHeader('WWW-Authenticate', 'Basic realm="sandbox"');
  });

  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    const methods = ROUTES.get(path);
    if (methods === undefined) response.writeHead(404).end();
    else if (!methods.includes(request.method ?? ''))
      response.writeHead(405, { allow: methods.join(', ') }).end();
    else if (path === '/jwks' && now() < keysDownUntil) response.writeHead(503).end();
    else if (path === DISCOVERY && request.method === 'GET') discovery(response, url);
    else {
      responses.set(request, response);
      service.requestHandler(request, response);
    }
  });

  const url = `http://${HOST}:${await listen(server, port)}`;
  issuer.url = url;
  return {
    issuer: url,
    tokenUrl: `${url}/token`,
    jwksUrl: `${url}/jwks`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** The library's token before it is signed. */
interface SignedToken {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
}

/** The library's token request, after it has read the body. */
interface TokenRequest extends IncomingMessage {
  body: unknown;
}

interface TokenResponse {
  statusCode: number;
  body: Record<string, unknown>;
}

/** The key of an earlier run, or a new one that is stored for the next run. */
async function signingKey(file: string | undefined): Promise<Record<string, unknown>> {
  const kept = file === undefined ? undefined : readJson(file);
  if (kept !== undefined) return members(kept, 'key');
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' };
  if (file !== undefined) writePrivately(file, key);
  return key;
}

/** Describes what this server really offers; the library's own document lists endpoints that are closed here. */
function discovery(response: ServerResponse, url: string): void {
  const document = {
    issuer: url,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    response_types_supported: [],
  };
  response
    .writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
    .end(JSON.stringify(document));
}
