import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { unknownParameters } from '../http/known-query.js';
import { refuseFaults, validationFailed } from '../http/problem.js';
import { readIdempotencyKey } from '../idempotency/idempotency-key.js';
import { type IfMatch, readIfMatch } from './entity-tags.js';

/** The conditions of a patch, from its query and headers. */
export interface PatchConditions {
  readonly dryRun: boolean;
  readonly ifMatch: IfMatch | undefined;
  readonly idempotencyKey: string | undefined;
}

/** @throws Problem validation-failed */
export const Conditions = createParamDecorator((_: unknown, context: ExecutionContext): PatchConditions => {
  const { query, headers } = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    dryRun: readDryRun(query),
    ifMatch: readIfMatch(headers['if-match']),
    idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
  };
});

/** Accepts only `true` and `false`: a caller who wants a preview must not get a real patch. */
function readDryRun(query: unknown): boolean {
  refuseFaults(unknownParameters(query, 'dry_run'));
  const value = typeof query === 'object' && query !== null && 'dry_run' in query ? query.dry_run : 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  const detail = 'must be true or false, and sent once';
  throw validationFailed([{ parameter: 'dry_run', code: 'not-boolean', detail }]);
}
