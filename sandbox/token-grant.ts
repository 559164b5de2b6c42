import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * A client that may get tokens. Without a tenant, the caller sends one in `X-Tenant-Id`. A person is one, too: with
 * name and password instead of id and secret, because Swagger UI can send those.
 */
export interface Client {
  id: string;
  secret: string;
  scopes: readonly string[];
  tenant?: string;
  /** Of a person: the client that the person uses. The token is the person's then. */
  uses?: string;
  /** Its tokens name a key that nobody can get: the provider's keys can't be had for a while. */
  keysDown?: boolean;
}

/** Half a day, so that a command from the morning still works in the afternoon. */
export const TOKEN_LIFETIME_S = 12 * 60 * 60;

/** A request of the token endpoint. */
export interface TokenRequest {
  form: URLSearchParams;
  authorization: string | undefined;
}

/** The token may be issued, or the error (RFC 6749, section 5.2). */
export type Grant =
  { client: Client; scope: string } | { error: string; status: 400 | 401; description: string };

/** The person and the scopes of a code; undefined if anything does not fit. */
export type RedeemCode = (form: URLSearchParams) => { person: Client; scope: string } | undefined;

/** Decides a token request: the grant, then the client and its secret, or the code, then the scopes. */
export function grantFor(clients: readonly Client[], redeem: RedeemCode, request: TokenRequest): Grant {
  const { form, authorization } = request;
  if (form.get('grant_type') === 'authorization_code') {
    const redeemed = redeem(form);
    if (redeemed === undefined) return refused('invalid_grant', 400, 'The code is unknown, or does not fit.');
    return { client: redeemed.person, scope: redeemed.scope };
  }
  if (form.get('grant_type') !== 'client_credentials') {
    const known = 'Only client_credentials and authorization_code are supported.';
    return refused('unsupported_grant_type', 400, known);
  }
  const given = basicCredentials(authorization) ?? {
    id: form.get('client_id') ?? '',
    secret: form.get('client_secret') ?? '',
  };
  const client = clients.find(({ id }) => id === given.id);
  if (client === undefined || !sameText(client.secret, given.secret)) {
    return refused('invalid_client', 401, 'Unknown client or wrong secret.');
  }
  const scope = grantedScopes(client, form.get('scope') ?? '');
  return scope === undefined
    ? refused('invalid_scope', 400, 'None of the scopes asked for is granted to this client.')
    : { client, scope };
}

/** Those asked for that the client has; all if none is asked for; undefined if none is left. */
export function grantedScopes({ scopes }: Client, asked: string): string | undefined {
  const words = asked.split(' ').filter((word) => word !== '');
  const granted = words.length === 0 ? scopes : scopes.filter((scope) => words.includes(scope));
  return granted.length === 0 ? undefined : granted.join(' ');
}

function refused(error: string, status: 400 | 401, description: string): Grant {
  return { error, status, description };
}

/** `Authorization: Basic`; both parts are form-encoded as required by RFC 6749, section 2.3.1. */
function basicCredentials(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { id: formDecoded(id), secret: formDecoded(secret.join(':')) };
}

function formDecoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}

function sameText(one: string, other: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(one), digest(other));
}
