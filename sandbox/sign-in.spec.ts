import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.js';
import { members } from './shape.js';

const CLIENTS = [
  { id: 'web', secret: 's', scopes: ['customers:write'], tenant: 'acme' },
  { id: 'ada', secret: 'a', scopes: ['customers:write', 'audit:read'], tenant: 'acme', uses: 'web' },
  { id: 'grace', secret: 'g', scopes: ['customers:read'], tenant: 'acme', uses: 'web' },
];
const VERIFIER = 'a-verifier-with-at-least-forty-three-characters';
const ASKED = {
  response_type: 'code',
  client_id: 'web',
  redirect_uri: 'http://localhost:5173/back?from=here',
  state: 'st&"<te',
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
};

let provider: IdentityProvider;
let now: number;
beforeEach(async () => {
  now = 0;
  provider = await startIdentityProvider({ clients: CLIENTS, audience: 'billing-bff', now: () => now });
});
afterEach(() => provider.close());

function authorize(query: Record<string, string>): Promise<Response> {
  const signal = AbortSignal.timeout(5_000);
  return fetch(`${provider.authorizeUrl}?${new URLSearchParams(query).toString()}`, {
    redirect: 'manual',
    signal,
  });
}

async function codeFor(query: Record<string, string> = {}): Promise<string> {
  const { headers } = await authorize({ ...ASKED, login_hint: 'ada', ...query });
  return new URL(headers.get('location') ?? '').searchParams.get('code') ?? '';
}

async function redeem(code: string, form: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const response = await fetch(provider.tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, code_verifier: VERIFIER, client_id: 'web' },
      ...{ redirect_uri: ASKED.redirect_uri, ...form },
    }),
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, ...members(await response.json(), 'body') };
}

const REFUSED = {
  ...{ status: 400, error: 'invalid_grant', error_description: 'The code is unknown, or does not fit.' },
};

it('asks who it is, with a link for each person of the client', async () => {
  const page = await (await authorize(ASKED)).text();
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));
  expect(links.map((link) => Object.fromEntries(new URL(link, provider.issuer).searchParams))).toEqual([
    { ...ASKED, login_hint: 'ada' },
    { ...ASKED, login_hint: 'grace' },
  ]);
});

it('sends the person back with a code, which is a token of the person, once', async () => {
  const { status, headers } = await authorize({ ...ASKED, login_hint: 'ada' });
  const back = new URL(headers.get('location') ?? '');
  expect([status, back.origin, back.searchParams.get('from'), back.searchParams.get('state')]).toEqual([
    302,
    'http://localhost:5173',
    'here',
    ASKED.state,
  ]);
  const code = back.searchParams.get('code') ?? '';
  const body = await redeem(code);
  expect(body).toMatchObject({ status: 200, token_type: 'Bearer', scope: 'customers:write audit:read' });
  expect(decodeJwt(String(body.access_token))).toMatchObject({
    ...{ iss: provider.issuer, aud: 'billing-bff', sub: 'ada', client_id: 'web', tenant_id: 'acme' },
    ...{ preferred_username: 'ada', scope: 'customers:write audit:read' },
  });
  expect(await redeem(code)).toEqual(REFUSED);
});

it.each([
  ['another verifier', { code_verifier: `${VERIFIER}x` }],
  ['another page', { redirect_uri: 'http://localhost:5173/elsewhere' }],
  ['another client', { client_id: 'ada' }],
])('refuses a code with %s', async (_, form) => {
  expect(await redeem(await codeFor(), form)).toEqual(REFUSED);
});

it('refuses a code after a minute, and an invented one', async () => {
  const code = await codeFor();
  now = 60_000;
  expect(await redeem(code)).toEqual(REFUSED);
  expect(await redeem('invented')).toEqual(REFUSED);
});

it('narrows the scopes to those asked for and granted', async () => {
  expect(await redeem(await codeFor({ scope: 'audit:read tenants:admin' }))).toMatchObject({
    scope: 'audit:read',
  });
});

it.each([
  ['no PKCE', { code_challenge: '' }, 'invalid_request'],
  ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
  ['scopes of which none is granted', { scope: 'tenants:admin' }, 'invalid_scope'],
])('tells the page of %s', async (_, query, error) => {
  const { status, headers } = await authorize({ ...ASKED, login_hint: 'ada', ...query });
  const back = new URL(headers.get('location') ?? '').searchParams;
  expect([status, back.get('error'), back.get('code'), back.get('state')]).toEqual([
    302,
    error,
    null,
    ASKED.state,
  ]);
});

it.each([
  ['another machine', { redirect_uri: 'https://app.test/' }],
  ['a name that only begins like this machine', { redirect_uri: 'http://localhost.app.test/' }],
  ['a user name', { redirect_uri: 'http://localhost:80@app.test/' }],
  ['no page', { redirect_uri: '' }],
  ['no address', { redirect_uri: 'http://localhost:99999/' }],
  ['an unknown client', { client_id: 'nobody' }],
  ['a client without persons', { client_id: 'ada' }],
])('sends nobody to a page with %s', async (_, query) => {
  const { status, headers } = await authorize({ ...ASKED, login_hint: 'ada', ...query });
  expect([status, headers.get('location')]).toEqual([400, null]);
});
