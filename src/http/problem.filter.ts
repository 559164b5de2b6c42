import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { OutOfTime } from '../runtime/within.js';
import { describeError } from './logger.js';
import { Problem, type ProblemSlug } from './problem.js';

/** Turns any error into one problem document. An unexpected error is `internal` and gets an error line. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** Also for errors that Fastify raises before Nest sees the request. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = toProblem(error);
    if (problem.slug === 'internal') {
      this.logger.error({ request_id: request.id, error: describeError(error) }, 'unexpected error');
    }
    sendProblem(problem, request, reply);
  }
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof OutOfTime) {
    const detail = 'The database did not answer before the deadline of this request; nothing was sent.';
    return new Problem('audit-unavailable', detail, { retryAfterS: 5, cause: error });
  }
  const status = statusOf(error);
  const known = status === undefined ? undefined : (FRAMEWORK_PROBLEMS[status] ?? otherRefusal(status));
  if (known !== undefined) return new Problem(...known);
  return new Problem('internal', 'An unexpected error occurred. Report the request id to the operators.', {
    cause: error,
  });
}

/**
 * Refusals by the framework, by status. The framework's own message is never used, because it may quote the request.
 */
const FRAMEWORK_PROBLEMS: Partial<Record<number, [ProblemSlug, string]>> = {
  400: ['validation-failed', 'The request or its URL is malformed.'],
  404: ['not-found', 'There is no resource at this path.'],
  405: ['method-not-allowed', 'This path does not take this method.'],
  413: ['payload-too-large', 'The body is too large.'],
  414: ['validation-failed', 'A part of the path is too long.'],
  415: ['unsupported-media-type', 'Send application/json in UTF-8.'],
};

/** Any other 4xx of the framework, for example a path outside the folder of Swagger UI. */
function otherRefusal(status: number): [ProblemSlug, string] | undefined {
  return status >= 400 && status < 500 ? ['not-found', 'There is no resource at this path.'] : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    return error.statusCode;
  }
  return undefined;
}

function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const { operationId, outcome, retryAfterS, headers = {} } = problem.options;
  request.problem = problem;
  void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store', ...headers });
  if (problem.slug === 'unauthenticated') {
    void reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
  }
  if (operationId !== undefined) void reply.header('X-Operation-Id', operationId);
  if (outcome === 'unknown' && operationId !== undefined) {
    void reply.header('Location', `/api/v1/operations/${operationId}`);
  }
  if (retryAfterS !== undefined) void reply.header('Retry-After', String(retryAfterS));
  void reply
    .status(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(problem.toBody(request.id)));
}
