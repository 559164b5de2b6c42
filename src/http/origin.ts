import type { FastifyRequest } from 'fastify';

/** Where a request came from, as far as it can be known (TRUST_PROXY decides which addresses are believed). */
export function originOf(request: FastifyRequest): {
  readonly ip: string;
  readonly user_agent: string | null;
} {
  const userAgent = request.headers['user-agent'];
  return { ip: request.ip, user_agent: userAgent === undefined ? null : userAgent.slice(0, 256) };
}
