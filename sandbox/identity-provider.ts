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
  /** 0, the default, takes a free port. */
  port?: number;
  /** Where the signing key outlives a restart, so that tokens given out earlier keep working. */
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

/** ES256: accepted by the BFF as it comes, and short enough for a token to be pasted. */
const ALGORITHM = 'ES256';

/**
 * Starts an OAuth server on 127.0.0.1 that gives out tokens by client credentials (RFC 6749, section 4.4) and
 * publishes its keys.
 *
 * The library gives tokens to everybody, so its hooks are used to check the client and to narrow the scopes
 * (`token-grant.ts`), and its other endpoints, which would sign in anyone, are not reachable.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { clients, audience, port = 0, keyFile } = options;
  const issuer = new OAuth2Issuer();
  await issuer.keys.add(await signingKey(keyFile));
  const service = new OAuth2Service(issuer);
  const responses = new WeakMap<IncomingMessage, ServerResponse>();

  service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }, request: TokenRequest) => {
    const grant = grantFor(clients, request);
    if ('error' in grant) return; // Signed all the same, but `beforeResponse` keeps it back.
    const { client, scope } = grant;
    Object.assign(token.payload, {
      exp: Number(token.payload.iat) + TOKEN_LIFETIME_S,
      aud: audience,
      sub: client.id,
      client_id: client.id,
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

/** The library's token request, once it has read the body. */
interface TokenRequest extends IncomingMessage {
  body: unknown;
}

interface TokenResponse {
  statusCode: number;
  body: Record<string, unknown>;
}

/** The key of an earlier run, or a new one that is kept for the next. */
async function signingKey(file: string | undefined): Promise<Record<string, unknown>> {
  const kept = file === undefined ? undefined : readJson(file);
  if (kept !== undefined) return members(kept, 'key');
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: ALGORITHM, use: 'sig' };
  if (file !== undefined) writePrivately(file, key);
  return key;
}

/** Says what this server really offers; the library's own document lists endpoints that are closed here. */
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
