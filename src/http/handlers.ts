import type { FastifyInstance } from 'fastify';
import type { InFlight } from '../runtime/in-flight.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Called when the handler of the request is finished, even if its connection is closed before. */
    whenCarriedOut: (() => void) | null;
  }
}

/**
 * Counts a request as in flight until its handler is finished, even if its connection is closed. It wraps the handlers
 * of Fastify, because the first interceptor of Nest costs every request a pipeline of observables. Call it before the
 * routes are registered.
 */
export function watchHandlers(fastify: FastifyInstance, inFlight: InFlight): void {
  fastify.decorateRequest('whenCarriedOut', null);
  fastify.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const work: unknown = handler.call(this, request, reply);
      if (work instanceof Promise) {
        const over = (): void => request.whenCarriedOut?.();
        inFlight.during(work).then(over, over);
      }
      return work;
    };
  });
}
