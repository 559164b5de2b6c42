import cors from '@fastify/cors';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule } from './app.module.js';
import { Refusals } from './audit/refusals.js';
import { Database } from './database/database.js';
import { Draining } from './health/draining.js';
import { writeJson } from './http/exact-json.js';
import { watchHandlers } from './http/handlers.js';
import { NestLog } from './http/logger.js';
import type { Problem } from './http/problem.js';
import { createListener } from './listener.js';
import { Metrics } from './metrics/metrics.js';
import { OperationWaits } from './operations/operation-waits.js';
import { InFlight } from './runtime/in-flight.js';
import { Turns } from './runtime/turns.js';
import type { Runtime } from './runtime.module.js';

/**
 * The application for main and tests.
 * @param outside what leads out of the process; only the rehearsal has another
 */
export async function createApp(runtime: Runtime, outside?: DynamicModule): Promise<NestFastifyApplication> {
  const { config, logger } = runtime;
  const { adapter, filter } = await createListener(runtime, async (listener) => {
    if (config.corsOrigins.length === 0) return;
    await listener.register(cors, {
      origin: config.corsOrigins.map(originMatcher),
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  });
  const fastify = adapter.getInstance();
  fastify.setReplySerializer(writeJson);
  fastify.decorateRequest('caller', null);
  fastify.decorateRequest('principal', null);
  fastify.decorateRequest('claimedTenant', null);

  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(runtime, outside), adapter, {
    bodyParser: false,
    logger: new NestLog(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(filter);
  fastify.addHook('preClose', (done) => {
    app.get(OperationWaits).stop();
    done();
  });
  watchHandlers(fastify, app.get(InFlight));
  const draining = app.get(Draining);
  // A balancer that keeps connections would send a request on one just when the process closes it.
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (draining.begun) void reply.header('Connection', 'close');
    done(null, payload);
  });
  const turns = app.get(Turns);
  fastify.server.on('connection', () => {
    turns.giveWay();
  });
  const refusals = app.get(Refusals);
  const metrics = app.get(Metrics);
  metrics.watchDatabase(() => app.get(Database).pools);
  fastify.addHook('onResponse', (request, reply, done) => {
    refusals.observe(request);
    countRequest(metrics, request, reply);
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

/** By the pattern of the route: a path is personal data, and anybody can invent one. */
function countRequest(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const { url: route } = request.routeOptions;
  const method = route === undefined ? 'any' : request.method;
  metrics.requestEnded(method, route ?? 'unknown', reply.statusCode, reply.elapsedTime / 1_000);
  const reason = tokenFault(request.problem);
  if (reason !== undefined) metrics.accessTokenRejected(reason);
}

/** Why an access token was refused; undefined if it was not. */
function tokenFault(problem: Problem | null): string | undefined {
  if (problem?.slug === 'unauthenticated') return problem.options.reason ?? 'token: not valid';
  if (problem?.slug === 'insufficient-scope') return 'scope: not enough';
  return problem?.slug === 'tenant-forbidden' ? 'tenant: none, or not allowed' : undefined;
}

/** Any port: also the default one, which an origin does not name. */
function originMatcher(origin: string): string | RegExp {
  if (!origin.endsWith(':*')) return origin;
  const host = origin.slice(0, -':*'.length).replace(/[.[\]]/g, String.raw`\$&`);
  return new RegExp(`^${host}(:\\d{1,5})?$`);
}

/** Headers that a browser may read in an answer from another origin. */
const EXPOSED_HEADERS = [
  'X-Request-Id',
  'X-Operation-Id',
  'Content-Location',
  'Location',
  'Retry-After',
  'ETag',
  'Idempotency-Replayed',
  'RateLimit-Policy',
  'RateLimit',
  'Content-Disposition',
];
