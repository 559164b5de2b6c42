import type { FastifyInstance, RouteOptions } from 'fastify';
import { Problem } from './problem.js';

/**
 * Answers 405 with `Allow` (RFC 9110, section 15.5.6) for a known path and another method, where Fastify
 * says 404. Call it before the routes are registered.
 */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (url.includes('*')) return;
    const route = routes.get(url) ?? { path: pathOf(url), methods: new Set() };
    for (const name of [method].flat()) route.methods.add(name);
    routes.set(url, route);
  });
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const [path = ''] = request.url.split('?');
    const allowed = [...routes.values()]
      .filter((route) => route.path.test(path))
      .flatMap(({ methods }) => [...methods]);
    done(allowed.length === 0 ? undefined : methodNotAllowed(allowed));
  });
}

function pathOf(template: string): RegExp {
  const segments = template
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}

function methodNotAllowed(allowed: readonly string[]): Problem {
  const allow = [...new Set(allowed)].join(', ');
  return new Problem('method-not-allowed', `This path takes ${allow} only.`, { headers: { Allow: allow } });
}
