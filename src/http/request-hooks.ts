import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../runtime/clock.js';
import type { Ids } from '../runtime/ids.js';
import { NO_TRACING, type ServerSpan, type Tracing } from '../runtime/tracing.js';
import { Deadline } from './deadline.js';
import { causesOf, withoutRedaction } from './logger.js';
import { bareAddresses } from './origin.js';
import type { Problem } from './problem.js';
import { readParent, readTraceContext, type TraceContext } from './trace-context.js';

declare module 'fastify' {
  interface FastifyRequest {
    trace: TraceContext;
    /** Null unless traces are recorded. */
    span: ServerSpan | null;
    /** The problem in the answer, for the log line and the audit of refusals. */
    problem: Problem | null;
    /** The tenant, for the log line and the audit of refusals; null while it is not known that it exists. */
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
  readonly tracing?: Tracing;
}

/**
 * Adds the deadline, trace and standard answer headers to every request, and writes one log line when it is finished.
 */
export function addRequestHooks(
  fastify: FastifyInstance,
  { config, clock, ids, logger, tracing = NO_TRACING }: Surroundings,
): void {
  fastify.decorateRequest('trace');
  fastify.decorateRequest('span', null);
  fastify.decorateRequest('deadline');
  fastify.decorateRequest('problem', null);
  fastify.decorateRequest('tenantId', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { headers } = request.raw;
    const forwardedFor = headers['x-forwarded-for'];
    if (forwardedFor !== undefined) headers['x-forwarded-for'] = bareAddresses(String(forwardedFor));
    request.deadline = new Deadline(clock, config.billing.deadlineMs);
    const span = beginSpan(tracing, request);
    request.span = span ?? null;
    request.trace = span?.trace ?? readTraceContext(request.headers.traceparent, ids);
    void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
    if (span === undefined) done();
    else span.run(done);
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
    if (request.span !== null) endSpan(request.span, request, reply);
    log[levelOf(request, reply.statusCode)](line, 'request');
    done();
  });
}

/** By OpenTelemetry's conventions for HTTP, without the path: an alias in it is personal data. Probes have no span. */
function beginSpan(tracing: Tracing, request: FastifyRequest): ServerSpan | undefined {
  if (!tracing.on) return undefined;
  if (isProbe(request)) return undefined;
  const { url: route } = request.routeOptions;
  const attributes = {
    'http.request.method': request.method,
    'http.route': route,
    'url.scheme': request.protocol,
    'billing_bff.request_id': request.id,
  };
  const name = route === undefined ? request.method : `${request.method} ${route}`;
  return tracing.serve(name, attributes, readParent(request.headers.traceparent));
}

function endSpan(span: ServerSpan, request: FastifyRequest, reply: FastifyReply): void {
  span.set({
    'http.response.status_code': reply.statusCode,
    'billing_bff.tenant_id': request.tenantId ?? undefined,
    'billing_bff.operation_id': reply.getHeader('X-Operation-Id')?.toString(),
    'billing_bff.problem': request.problem?.slug,
  });
  if (reply.statusCode >= 500) span.fail(request.problem?.slug ?? String(reply.statusCode));
  span.end();
}

/** The route template, never the URL: an alias in the path is personal data. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '(unknown)';
}

function levelOf(request: FastifyRequest, status: number): 'debug' | 'info' | 'warn' {
  if (isProbe(request)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}

function isProbe(request: FastifyRequest): boolean {
  const route = routeOf(request);
  return route === '/metrics' || route.startsWith('/health/');
}
