import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/** Where a request came from, as far as it can be known (TRUST_PROXY decides which addresses are believed). */
export function originOf(request: FastifyRequest): {
  readonly ip: string;
  readonly user_agent: string | null;
} {
  const userAgent = request.headers['user-agent'];
  // What a proxy forwards is not checked to be an address.
  const ip = isIP(request.ip) === 0 ? (request.socket.remoteAddress ?? 'unknown') : request.ip;
  return { ip, user_agent: userAgent === undefined ? null : userAgent.slice(0, 256) };
}
