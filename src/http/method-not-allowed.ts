import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { Problem } from './problem.js';

/** The methods of each path. */
type Routes = ReadonlyMap<string, { readonly path: RegExp; readonly methods: ReadonlySet<string> }>;

/** Collects the routes. Call it before they are registered. */
export function collectRoutes(fastify: FastifyInstance): Routes {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }: RouteOptions) => {
    if (url.includes('*')) return;
    const route = routes.get(url) ?? { path: pathOf(url), methods: new Set() };
    for (const name of [method].flat()) route.methods.add(name);
    routes.set(url, route);
  });
  return routes;
}

/**
 * An OPTIONS request that is not a preflight is an ordinary method. Call this before CORS, which would treat it as a
 * preflight.
 */
export function refusePlainOptions(fastify: FastifyInstance, routes: Routes, answer: Answer): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { method, headers, url } = request;
    const preflight = headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
    if (method !== 'OPTIONS' || preflight) {
      done();
      return;
    }
    const nothing = new Problem('not-found', 'There is no resource at this path.');
    answer(methodNotAllowed(url, routes) ?? nothing, request, reply);
  });
}

/** The OPTIONS route of CORS has no exception filter. */
type Answer = (problem: Problem, request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Answers 405 with `Allow` (RFC 9110, section 15.5.6) for a known path with another method, where Fastify would
 * answer 404.
 */
export function refuseOtherMethods(fastify: FastifyInstance, routes: Routes): void {
  fastify.addHook('onRequest', ({ is404, url }, _reply, done) => {
    done(is404 ? methodNotAllowed(url, routes) : undefined);
  });
}

function pathOf(template: string): RegExp {
  const segments = template
    .split('/')
    .map((segment) => (segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${segments.join('/')}$`);
}

function methodNotAllowed(url: string, routes: Routes): Problem | undefined {
  const [path = ''] = url.split('?');
  const taking = [...routes.values()].filter((route) => route.path.test(path));
  if (taking.length === 0) return undefined;
  const allow = [...new Set(taking.flatMap(({ methods }) => [...methods]))].join(', ');
  return new Problem('method-not-allowed', `This path supports only ${allow}.`, {
    headers: { Allow: allow },
  });
}
