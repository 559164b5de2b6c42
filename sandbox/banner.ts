import { FIRST_CUSTOMER, BILLING_TENANTS } from './seeds.js';
import type { RunningSandbox } from './running.js';
import { TOKEN_LIFETIME_S } from './token-grant.js';

/** The text that the launcher prints when everything runs. */
export function banner(running: RunningSandbox, token: string, dataFolder: string): string {
  const customers = (tenant: string | undefined): string =>
    BILLING_TENANTS.filter(({ id }) => id === tenant)
      .flatMap((known) => known.customers.map(({ id }) => id))
      .join('  ');
  const clients = running.clients.map(
    ({ id, secret, tenant }) =>
      `  ${(tenant ?? 'any').padEnd(8)} ${id.padEnd(17)} ${secret.padEnd(32)} ` +
      (tenant === undefined ? 'sends the tenant in X-Tenant-Id' : customers(tenant)),
  );
  return `
The sandbox is running, on 127.0.0.1 only.

  BFF                ${running.bff_url}
  Swagger UI         ${running.bff_url}/docs
  Billing API        ${running.billing_api_url}  (a stand-in)
  Identity provider  ${running.issuer}  (tokens: POST ${running.token_url})
  Data folder        ${dataFolder}

  ${'tenant'.padEnd(8)} ${'client id'.padEnd(17)} ${'client secret'.padEnd(32)} customers
${clients.join('\n')}

A token of ${running.clients[0]?.id ?? 'the first client'}, good for ${TOKEN_LIFETIME_S / 3600} hours:

${token}

Patch a customer (paste it into a shell, as often as you like):

${curlCommand(running.bff_url, token)}

npm run try (in another terminal) sends all twelve fields and shows the answer and its audit events.
Ctrl-C stops the sandbox.
`;
}

/**
 * One line for a POSIX shell. Single quotes are safe, because no value contains one. A proxy in the user's
 * environment must not get a request for 127.0.0.1.
 */
export function curlCommand(bffUrl: string, token: string): string {
  const patch = JSON.stringify({ name: 'Ada Example Analytical Engines', phone: '+49 30 5550 1002' });
  return [
    `curl -sS --noproxy '*' -X PATCH '${bffUrl}/api/v1/customers/${FIRST_CUSTOMER.id}'`,
    `-H 'Authorization: Bearer ${token}'`,
    `-H 'Content-Type: application/json'`,
    `-d '${patch}'`,
    String.raw`-w '\n%{http_code}\n'`,
  ].join(' ');
}
