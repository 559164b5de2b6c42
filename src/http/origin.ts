import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** The origin of a request, as far as it is known (TRUST_PROXY decides which addresses are trusted). */
export function originOf(request: FastifyRequest): {
  readonly ip: string;
  readonly user_agent: string | null;
} {
  const userAgent = request.headers['user-agent'];
  // A forwarded value need not be an address.
  const ip = isIP(request.ip) === 0 ? (request.socket.remoteAddress ?? 'unknown') : request.ip;
  return { ip, user_agent: userAgent === undefined ? null : userAgent.slice(0, 256) };
}

/**
 * `X-Forwarded-For` with only the address in each entry: some proxies add the port, or brackets around IPv6. An entry
 * that is not an address stays unchanged, so that no entry changes its position.
 */
export function bareAddresses(forwardedFor: string): string {
  const entries = forwardedFor.split(',').map((entry) => entry.trim());
  return entries.map((entry) => addressIn(entry) ?? entry).join(', ');
}

function addressIn(entry: string): string | undefined {
  const plain = entry.replace(/^"(.*)"$/, '$1');
  if (isIP(plain) !== 0) return plain;
  const [, v6, v4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(plain) ?? [];
  if (v6 !== undefined) return isIP(v6) === 6 ? v6 : undefined;
  return v4 !== undefined && isIP(v4) === 4 ? v4 : undefined;
}
