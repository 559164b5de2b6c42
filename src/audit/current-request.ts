import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { callerOf, principalOf } from '../auth/access-token.guard.js';
import { originOf } from '../http/origin.js';
import type { AuditedRequest } from './audit-event.js';
import type { AdminRequest } from './audit-records.js';

/** The caller, origin and ids of a request, for its audit event. */
export const CurrentRequest = createParamDecorator(
  (_: unknown, context: ExecutionContext): AuditedRequest => {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    return {
      principal: principalOf(request),
      requestId: request.id,
      trace: request.trace,
      origin: originOf(request),
    };
  },
);

/** The same for a request without a tenant of the caller's own. */
export const CurrentAdmin = createParamDecorator((_: unknown, context: ExecutionContext): AdminRequest => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { id, trace } = request;
  return { caller: callerOf(request), requestId: id, trace, origin: originOf(request) };
});
