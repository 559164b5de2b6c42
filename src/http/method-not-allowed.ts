import type { FastifyInstance, HTTPMethods, RouteOptions } from 'fastify';
import { Problem } from './problem.js';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * Answers 405 with `Allow` (RFC 9110, section 15.5.6) for a known path and another method, where Fastify
 * says 404. Call it before the routes are registered; the answer registers the rest once they all are.
 */
export function collectRoutes(fastify: FastifyInstance): () => void {
  const methodsByUrl = new Map<string, Set<HTTPMethods>>();
  const collect = (route: RouteOptions): void => {
    const methods = methodsByUrl.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) methods.add(method);
    methodsByUrl.set(route.url, methods);
  };
  fastify.addHook('onRoute', collect);
  return () => {
    for (const [url, known] of [...methodsByUrl]) {
      const others = METHODS.filter((method) => !known.has(method));
      if (others.length > 0 && !url.includes('*')) refuseOthers(fastify, url, others, [...known]);
    }
  };
}

function refuseOthers(
  fastify: FastifyInstance,
  url: string,
  others: HTTPMethods[],
  known: HTTPMethods[],
): void {
  const allow = known.join(', ');
  fastify.route({
    url,
    method: others,
    handler: () => {
      throw new Problem('method-not-allowed', `This path takes ${allow} only.`, {
        headers: { Allow: allow },
      });
    },
  });
}
