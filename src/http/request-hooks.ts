import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../runtime/clock.js';
import type { Ids } from '../runtime/ids.js';
import { Deadline } from './deadline.js';
import { causesOf, withoutRedaction } from './logger.js';
import { bareAddresses } from './origin.js';
import type { Problem } from './problem.js';
import { readTraceContext, type TraceContext } from './trace-context.js';

declare module 'fastify' {
  interface FastifyRequest {
    trace: TraceContext;
    /** The problem in the answer, for the log line and the audit of refusals. */
    problem: Problem | null;
    /** The caller, for the log line; set when the token was accepted. */
    tenantId: string | null;
  }
}

/** Uses a valid `X-Request-Id`, or creates an id. */
export function requestIdOf(request: IncomingMessage): string {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(header) ? header : randomUUID();
}

interface Surroundings {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/**
 * Adds the deadline, trace and standard answer headers to every request, and writes one log line when it is finished.
 */
export function addRequestHooks(
  fastify: FastifyInstance,
  { config, clock, ids, logger }: Surroundings,
): void {
  fastify.decorateRequest('trace');
  fastify.decorateRequest('deadline');
  fastify.decorateRequest('problem', null);
  fastify.decorateRequest('tenantId', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { headers } = request.raw;
    const forwardedFor = headers['x-forwarded-for'];
    if (forwardedFor !== undefined) headers['x-forwarded-for'] = bareAddresses(String(forwardedFor));
    request.deadline = new Deadline(clock, config.billing.deadlineMs);
    request.trace = readTraceContext(request.headers.traceparent, ids);
    void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
    done();
  });
  const log = withoutRedaction(logger);
  fastify.addHook('onResponse', (request, reply, done) => {
    const line = {
      request_id: request.id,
      trace_id: request.trace.traceId,
      tenant_id: request.tenantId,
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      operation_id: reply.getHeader('X-Operation-Id'),
      problem: request.problem?.slug,
      reason: request.problem?.options.reason,
      causes: reply.statusCode < 500 ? undefined : causesOf(request.problem?.cause),
    };
    log[levelOf(request, reply.statusCode)](line, 'request');
    done();
  });
}

/** The route template, never the URL: an alias in the path is personal data. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '(unknown)';
}

function levelOf(request: FastifyRequest, status: number): 'debug' | 'info' | 'warn' {
  if (routeOf(request).startsWith('/health/')) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
