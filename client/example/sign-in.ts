/** Where the page finds the others; `serve.mjs` says it. */
export interface Settings {
  readonly bffUrl: string;
  readonly issuer: string;
}

const CLIENT_ID = 'acme-web';

/** An access token of the person who signs in: authorization code with PKCE (RFC 7636). Use a library of yours. */
export async function signIn({ issuer }: Settings, person: string): Promise<string> {
  const here = new URL(location.href);
  const code = here.searchParams.get('code');
  const verifier = sessionStorage.getItem('verifier');
  if (code === null || verifier === null) return askFor(issuer, person);
  sessionStorage.removeItem('verifier');
  here.searchParams.delete('code');
  history.replaceState(null, '', here);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      redirect_uri: here.href,
      code_verifier: verifier,
      code,
    }),
  });
  if (!answer.ok) return askFor(issuer, person);
  const { access_token } = (await answer.json()) as { access_token: string };
  return access_token;
}

/** Sends the browser to the identity provider, which sends it back with a code. */
async function askFor(issuer: string, person: string): Promise<never> {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.setItem('verifier', verifier);
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: CLIENT_ID,
    redirect_uri: location.href,
    login_hint: person,
    code_challenge: base64url(new Uint8Array(challenge)),
    code_challenge_method: 'S256',
  });
  location.assign(`${issuer}/authorize?${query.toString()}`);
  return new Promise(() => undefined);
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
