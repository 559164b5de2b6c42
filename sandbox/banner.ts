import type { RunningSandbox } from './running.js';
import { SCENARIOS } from './scenarios.js';
import { FIRST_CUSTOMER } from './seeds.js';
import { type Client, TOKEN_LIFETIME_S } from './token-grant.js';

/** The text that the launcher prints when everything runs. */
export function banner(running: RunningSandbox, token: string, dataFolder: string): string {
  const first = running.clients[0]?.id ?? 'the first client';
  return `
The sandbox is running, on 127.0.0.1 only. Ctrl-C stops it.

  Swagger UI         ${running.bff_url}/docs   Authorize, Authorize again, Try it out
  BFF                ${running.bff_url}
  Billing API        ${running.billing_api_url}   a stand-in
  Identity provider  ${running.issuer}   tokens: POST ${running.token_url}
  Data               ${dataFolder}

Patch a customer (paste it into a shell, as often as you like):

${curlCommand(running.bff_url, token)}

In another terminal:

  npm run try             patches all twelve fields; shows each field's effect and the audit events
  npm run try -- unknown  a patch whose outcome is not known at first
  npm run try -- --list   what every customer below is for

Customers of acme for whom the billing API misbehaves, in one way each, every time (docs/sandbox.md):

${columns(SCENARIOS.map(({ alias }) => alias)).join('\n')}

Who gets a token (Swagger UI's Authorize: client_id and client_secret):

${running.clients
  .filter(({ keysDown }) => keysDown !== true)
  .map(clientLine)
  .join('\n')}

A token of ${first}, good for ${TOKEN_LIFETIME_S / 3600} hours:

${token}
`;
}

/** Down each column first. */
function columns(words: readonly string[], count = 4): string[] {
  const rows = Math.ceil(words.length / count);
  const width = Math.max(...words.map(({ length }) => length)) + 2;
  return Array.from({ length: rows }, (_, row) => {
    const line = words.filter((_word, place) => place % rows === row).map((word) => word.padEnd(width));
    return `  ${line.join('').trimEnd()}`;
  });
}

function clientLine({ id, secret, tenant, uses, scopes }: Client): string {
  const kind = uses === undefined ? 'service' : 'person';
  const of = tenant === undefined ? 'any tenant' : tenant;
  return `  ${id.padEnd(16)}  ${secret.padEnd(31)}  ${kind.padEnd(7)}  ${of.padEnd(10)}  ${may(scopes, tenant)}`;
}

/** What is worth knowing of the scopes. */
function may(scopes: readonly string[], tenant: string | undefined): string {
  if (tenant === undefined) return 'sends X-Tenant-Id; administers tenants';
  if (scopes.includes('audit:read:clear')) return 'sees the values behind the masks of the trail';
  if (scopes.includes('customers:write')) return 'patches, reads, audits';
  return scopes.includes('customers:write:contact') ? 'patches contact fields only' : 'reads, audits';
}

/**
 * One line for a POSIX shell. Single quotes are safe, because no value contains one. A proxy in the user's
 * environment must not get a request for 127.0.0.1.
 */
function curlCommand(bffUrl: string, token: string): string {
  const patch = JSON.stringify({ name: 'Ada Example Analytical Engines', phone: '+49 30 5550 1002' });
  return [
    `curl -sS --noproxy '*' -X PATCH '${bffUrl}/api/v1/customers/${FIRST_CUSTOMER.id}'`,
    `-H 'Authorization: Bearer ${token}'`,
    `-H 'Content-Type: application/json'`,
    `-d '${patch}'`,
    String.raw`-w '\n%{http_code}\n'`,
  ].join(' ');
}
