import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { readIdempotencyKey } from '../idempotency/idempotency-key.js';
import { type IfMatch, readIfMatch } from './entity-tags.js';

/** The conditions of a patch, from its headers. */
export interface PatchConditions {
  readonly ifMatch: IfMatch | undefined;
  readonly idempotencyKey: string | undefined;
  /** The operation that the patch undoes, as named by the caller. */
  readonly reverts: string | undefined;
}

/** @throws Problem validation-failed */
export const Conditions = createParamDecorator((_: unknown, context: ExecutionContext): PatchConditions => {
  const { headers } = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    ifMatch: readIfMatch(headers['if-match']),
    idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
    reverts: headers['x-reverts-operation']?.toString(),
  };
});
