import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isRecord } from './shape.js';

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

/** The token may be issued, or the error (RFC 6749, section 5.2). */
export type Grant =
  { client: Client; scope: string } | { error: string; status: 400 | 401; description: string };

/** Decides a token request: the grant, then the client and its secret, then the scopes. */
export function grantFor(clients: readonly Client[], request: IncomingMessage & { body: unknown }): Grant {
  const body = isRecord(request.body) ? request.body : {};
  if (body.grant_type !== 'client_credentials') {
    return refused('unsupported_grant_type', 400, 'Only client_credentials is supported.');
  }
  const given = basicCredentials(request.headers.authorization) ?? {
    id: body.client_id,
    secret: body.client_secret,
  };
  const client = clients.find(({ id }) => id === given.id);
  if (client === undefined || typeof given.secret !== 'string' || !sameText(client.secret, given.secret)) {
    return refused('invalid_client', 401, 'Unknown client or wrong secret.');
  }
  const asked = typeof body.scope === 'string' ? body.scope.split(' ').filter((word) => word !== '') : [];
  const scopes = asked.length === 0 ? client.scopes : client.scopes.filter((scope) => asked.includes(scope));
  return scopes.length === 0
    ? refused('invalid_scope', 400, 'None of the scopes asked for is granted to this client.')
    : { client, scope: scopes.join(' ') };
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
