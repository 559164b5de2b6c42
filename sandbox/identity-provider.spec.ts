import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.js';
import { members } from './shape.js';
import type { Client } from './token-grant.js';

const WEB: Client = {
  id: 'web',
  secret: 'web secret:1+',
  scopes: ['customers:write', 'audit:read'],
  tenant: 'acme',
};
const SERVICE: Client = { id: 'service', secret: 's', scopes: ['tenants:any'] };
const PERSON: Client = { id: 'ada', secret: 'p', scopes: ['customers:read'], tenant: 'acme', uses: 'web' };
const OPTIONS = { clients: [WEB, SERVICE, PERSON], audience: 'billing-bff' };

let provider: IdentityProvider;
beforeEach(async () => {
  provider = await startIdentityProvider(OPTIONS);
});
afterEach(() => provider.close());

const anyString: unknown = expect.any(String);

interface TokenAnswer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  token: string;
}

async function request(
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(provider.tokenUrl, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
    signal: AbortSignal.timeout(5_000),
  });
  const body = members(await response.json(), 'body');
  const token = typeof body.access_token === 'string' ? body.access_token : '';
  return { status: response.status, headers: response.headers, body, token };
}

const post = (client: Client): Record<string, string> => ({
  client_id: client.id,
  client_secret: client.secret,
});
const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const claims = async (client: Client, form: Record<string, string> = {}): Promise<Record<string, unknown>> =>
  decodeJwt((await request({ ...post(client), ...form })).token);

it('gives a token that its published key verifies, with the client’s tenant and scopes, for 12 hours', async () => {
  const { status, headers, body, token } = await request(post(WEB));
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      access_token: anyString,
      token_type: 'Bearer',
      expires_in: 43_200,
      scope: 'customers:write audit:read',
    },
  });
  expect(headers.get('cache-control')).toBe('no-store');
  const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(provider.jwksUrl)), {
    issuer: provider.issuer,
    audience: 'billing-bff',
  });
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: anyString });
  const issuedAt = payload.iat ?? NaN;
  expect(payload).toEqual({
    iss: provider.issuer,
    aud: 'billing-bff',
    sub: 'web',
    client_id: 'web',
    tenant_id: 'acme',
    scope: 'customers:write audit:read',
    iat: issuedAt,
    exp: issuedAt + 43_200,
  });
});

it('gives a client without a tenant a token without a tenant claim', async () => {
  expect(await claims(SERVICE)).not.toHaveProperty('tenant_id');
});

it('gives a person a token that is about the person and names the client they use', async () => {
  expect(await claims(PERSON)).toMatchObject({ sub: 'ada', client_id: 'web', preferred_username: 'ada' });
  expect(await claims(WEB)).not.toHaveProperty('preferred_username');
});

it('can’t be asked for its keys for half a minute after a token of a client with keysDown', async () => {
  let time = 0;
  const down: Client = { id: 'down', secret: 'd', scopes: ['customers:read'], keysDown: true };
  await provider.close();
  provider = await startIdentityProvider({ ...OPTIONS, clients: [WEB, down], now: () => time });
  const statusOfKeys = async (): Promise<number> => (await fetch(provider.jwksUrl)).status;
  await request(post(WEB));
  expect(await statusOfKeys()).toBe(200);
  expect(decodeProtectedHeader((await request(post(down))).token).kid).toBe('not-published');
  expect(await statusOfKeys()).toBe(503);
  time = 30_000;
  expect(await statusOfKeys()).toBe(200);
});

it('takes the client’s credentials as HTTP Basic too, form-encoded', async () => {
  const encoded = basic('web', encodeURIComponent(WEB.secret));
  expect(await request({}, encoded)).toMatchObject({ status: 200 });
});

it.each([
  ['a wrong secret', { client_id: 'web', client_secret: 'wrong' }, {}],
  ['an unknown client', { client_id: 'nobody', client_secret: 'web secret:1+' }, {}],
  ['no client', {}, {}],
  ['a wrong secret in HTTP Basic', post(WEB), basic('web', 'wrong')],
])('refuses %s', async (_, form, headers) => {
  const answer = await request(form, headers);
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: 401,
    body: { error: 'invalid_client', error_description: 'Unknown client or wrong secret.' },
  });
  expect(answer.headers.get('www-authenticate')).toBe('Basic realm="sandbox"');
});

it('narrows the scopes to those asked for and granted', async () => {
  expect(await claims(WEB, { scope: 'audit:read tenants:admin' })).toMatchObject({ scope: 'audit:read' });
});

it('refuses scopes of which none is granted', async () => {
  expect(await request({ ...post(WEB), scope: 'tenants:admin' })).toMatchObject({
    status: 400,
    body: { error: 'invalid_scope' },
  });
});

it('lets nobody choose the audience', async () => {
  expect(await claims(WEB, { aud: 'elsewhere' })).toMatchObject({ aud: 'billing-bff' });
});

it.each(['password', 'refresh_token', 'anything'])('refuses the grant %s', async (grant_type) => {
  const { status, body } = await request({ ...post(WEB), grant_type });
  expect({ status, body }).toEqual({
    status: 400,
    body: {
      error: 'unsupported_grant_type',
      error_description: 'Only client_credentials and authorization_code are supported.',
    },
  });
});

it('lets a page of another origin take a token, preflight included', async () => {
  const origin = 'http://127.0.0.1:3000';
  const preflight = await fetch(provider.tokenUrl, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,x-requested-with',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization,x-requested-with');
  expect((await request(post(WEB), { origin })).headers.get('access-control-allow-origin')).toBe('*');
});

it('describes what it offers, and has no other endpoints', async () => {
  const discovery = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
  expect(await discovery.json()).toEqual({
    issuer: provider.issuer,
    authorization_endpoint: provider.authorizeUrl,
    token_endpoint: provider.tokenUrl,
    jwks_uri: provider.jwksUrl,
    grant_types_supported: ['client_credentials', 'authorization_code'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  });
  for (const endpoint of ['/', '/userinfo', '/introspect', '/revoke']) {
    expect((await fetch(`${provider.issuer}${endpoint}`)).status).toBe(404);
  }
  expect((await fetch(provider.tokenUrl)).status).toBe(405);
});

it('publishes no private part of its key', async () => {
  expect(await (await fetch(provider.jwksUrl)).json()).toEqual({
    keys: [
      {
        kty: 'EC',
        crv: 'P-256',
        x: anyString,
        y: anyString,
        kid: anyString,
        alg: 'ES256',
        use: 'sig',
      },
    ],
  });
});

it('signs with the same key after a restart, kept for its owner’s eyes only', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'identity-provider-'));
  const keyFile = path.join(folder, 'key.json');
  const kidOfNextRun = async (): Promise<unknown> => {
    await provider.close();
    provider = await startIdentityProvider({ ...OPTIONS, keyFile });
    return decodeProtectedHeader((await request(post(WEB))).token).kid;
  };
  const kid = await kidOfNextRun();
  expect(kid).toEqual(anyString);
  expect(await kidOfNextRun()).toBe(kid);
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  rmSync(folder, { recursive: true });
});
