import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { ProblemSlug } from '../http/problem.js';

/** The problems of every route that needs a token and a tenant. */
export const CALLER_PROBLEMS: readonly ProblemSlug[] = [
  'unauthenticated',
  'insufficient-scope',
  'tenant-forbidden',
  'tenant-unknown',
  'tenant-suspended',
  'validation-failed',
  'rate-limited',
  'internal',
  'audit-unavailable',
  'identity-provider-unavailable',
];

/** The same for routes that a suspended tenant may use, too. */
export const ALSO_IF_SUSPENDED_PROBLEMS = CALLER_PROBLEMS.filter((slug) => slug !== 'tenant-suspended');

/** The request headers of every route that needs a token. */
export function ApiRequestHeaders(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'X-Tenant-Id',
      required: false,
      description:
        'The tenant to act for. If it is not the tenant in the token, the scope tenants:any is required.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
    }),
    ApiHeader({
      name: 'X-Request-Id',
      required: false,
      description:
        'Used as the id of the request if it has 1 to 128 of A-Z a-z 0-9 . _ -; otherwise replaced by a new id.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' },
    }),
    ApiHeader({
      name: 'traceparent',
      required: false,
      description: 'W3C Trace Context. The trace is continued.',
      schema: { type: 'string' },
    }),
  );
}
