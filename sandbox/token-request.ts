import { messageOf, SandboxFault } from './fault.js';
import { members, text } from './shape.js';
import type { Client } from './token-grant.js';

const DEADLINE_MS = 5_000;

/** Gets a token by client credentials, as any service would. */
export async function requestToken(tokenUrl: string, client: Client): Promise<string> {
  let response: Response;
  try {
    response = await fetch(tokenUrl, {
      method: 'POST',
      headers: { authorization: basic(client) },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  } catch (error) {
    throw new SandboxFault(`The identity provider at ${tokenUrl} does not answer (${messageOf(error)}).`);
  }
  if (response.status !== 200) {
    throw new SandboxFault(
      `The identity provider issued no token: ${response.status} ${await response.text()}`,
    );
  }
  return text(members(await response.json(), 'answer').access_token, 'access_token');
}

function basic({ id, secret }: Client): string {
  const credentials = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
