import type { RequestListener } from 'node:http';
import cors from '@fastify/cors';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { Refusals } from './audit/refusals.js';
import { Connections } from './http/connections.js';
import { leaveBodiesUnread } from './http/json-body.js';
import { answerMalformedRequest, answerUnusualRequests } from './http/malformed-request.js';
import { watchHandlers } from './http/handlers.js';
import { NestLog } from './http/logger.js';
import { collectRoutes, refuseOtherMethods, refusePlainOptions } from './http/method-not-allowed.js';
import { ProblemFilter } from './http/problem.filter.js';
import { addRequestHooks, requestIdOf } from './http/request-hooks.js';
import { securityHeaders } from './http/security-headers.js';
import { OperationWaits } from './operations/operation-waits.js';
import { InFlight } from './runtime/in-flight.js';
import type { Runtime } from './runtime.module.js';

/** Longer than any path that Node's limit on request headers allows. */
const MAX_PARAM_LENGTH = 65_536;

/**
 * The application for main and tests. Everything that applies to all routes is set here.
 * @param outside what leads out of the process; only the rehearsal has another
 */
export async function createApp(runtime: Runtime, outside?: DynamicModule): Promise<NestFastifyApplication> {
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
    app.get(OperationWaits).stop();
    connections.drain(config.billing.deadlineMs);
    done();
  });
  leaveBodiesUnread(fastify);
  fastify.decorateRequest('caller', null);
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('claimedTenant', null);
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
  if (config.corsOrigins.length > 0) {
    await fastify.register(cors, {
      origin: config.corsOrigins.map(originMatcher),
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  }
  refuseOtherMethods(fastify, routes);

  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(runtime, outside), adapter, {
    bodyParser: false,
    logger: new NestLog(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(filter);
  watchHandlers(fastify, app.get(InFlight));
  const refusals = app.get(Refusals);
  fastify.addHook('onResponse', (request, _reply, done) => {
    refusals.observe(request);
    done();
  });
  if (config.swagger.enabled) {
    // Loaded only where it is used.
    const { serveApiDocs } = await import('./api-document.js');
    serveApiDocs(app, config);
  }
  await app.init();
  return app;
}

/** Trusts this number of hops. Fastify accepts a number only as a function. */
function trusted(
  setting: Runtime['config']['trustProxy'],
): boolean | string[] | ((ip: string, hop: number) => boolean) {
  return typeof setting === 'number' ? (_ip, hop) => hop < setting : setting;
}

/** Any port: also the default one, which an origin does not name. */
function originMatcher(origin: string): string | RegExp {
  if (!origin.endsWith(':*')) return origin;
  const host = origin.slice(0, -':*'.length).replace(/[.[\]]/g, String.raw`\$&`);
  return new RegExp(`^${host}(:\\d{1,5})?$`);
}

/** Headers that a browser may read in an answer from another origin. */
const EXPOSED_HEADERS = [
  ...['X-Request-Id', 'X-Operation-Id', 'Content-Location', 'Location', 'Retry-After', 'ETag'],
  ...['Idempotency-Replayed', 'RateLimit-Policy', 'RateLimit'],
];

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
