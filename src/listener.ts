import type { RequestListener } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Connections } from './http/connections.js';
import { leaveBodiesUnread } from './http/json-body.js';
import { answerMalformedRequest, answerUnusualRequests } from './http/malformed-request.js';
import { collectRoutes, refuseOtherMethods, refusePlainOptions } from './http/method-not-allowed.js';
import { ProblemFilter } from './http/problem.filter.js';
import { addRequestHooks, requestIdOf } from './http/request-hooks.js';
import { securityHeaders } from './http/security-headers.js';
import type { Runtime } from './runtime.module.js';

/** Longer than any path that Node's limit on request headers allows. */
const MAX_PARAM_LENGTH = 65_536;

export interface Listener {
  readonly adapter: FastifyAdapter;
  readonly filter: ProblemFilter;
}

/**
 * What applies to every request on any port: limits of connections, problems for every fault, ids, deadlines, log lines,
 * security headers.
 * @param allowOrigins adds CORS, behind the refusal of an `OPTIONS` that is no preflight
 */
export async function createListener(
  runtime: Runtime,
  allowOrigins: (fastify: FastifyInstance) => Promise<void> = () => Promise.resolve(),
): Promise<Listener> {
  const { config, logger } = runtime;
  const filter = new ProblemFilter(logger);
  const connections = new Connections();
  const adapter = new FastifyAdapter({
    skipMiddie: true,
    trustProxy: trusted(config.trustProxy),
    serverFactory: (handle: RequestListener) => connections.createServer(handle),
    requestIdHeader: false,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: (error, socket) => {
      answerMalformedRequest(error, socket, connections);
    },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      filter.answer(error, request, reply);
    },
  });
  const fastify = adapter.getInstance();
  fastify.addHook('preClose', (done) => {
    connections.drain(config.billing.deadlineMs);
    done();
  });
  leaveBodiesUnread(fastify);
  addRequestHooks(fastify, runtime);
  answerUnusualRequests(fastify, connections);
  const routes = collectRoutes(fastify);
  refusePlainOptions(fastify, routes, (problem, request, reply) => {
    filter.answer(problem, request, reply);
  });
  const security = securityHeaders({ contentSecurityPolicy: { directives: contentSecurityPolicy(runtime) } });
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(security);
    done();
  });
  await allowOrigins(fastify);
  refuseOtherMethods(fastify, routes);
  return { adapter, filter };
}

/** Trusts this number of hops. Fastify accepts a number only as a function. */
function trusted(
  setting: Runtime['config']['trustProxy'],
): boolean | string[] | ((ip: string, hop: number) => boolean) {
  return typeof setting === 'number' ? (_ip, hop) => hop < setting : setting;
}

/** Strict, except for Swagger UI's inline styles and the token endpoint of its Authorize button. */
function contentSecurityPolicy({ config }: Runtime): Record<string, string[] | null> {
  const { oauth } = config.swagger;
  return {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'", ...(oauth === undefined ? [] : [new URL(oauth.tokenUrl).origin])],
    frameAncestors: ["'none'"],
    upgradeInsecureRequests: null,
  };
}
