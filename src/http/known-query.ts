import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Fault, refuseFaults } from './problem.js';

const HAS_QUERY_PARAMETERS = 'http:has-query-parameters';

/** For a route that has query parameters: it checks all of them itself, and `KnownQueryGuard` only their encoding. */
export const HasQueryParameters = (): MethodDecorator => SetMetadata(HAS_QUERY_PARAMETERS, true);

export const NOT_A_PARAMETER = 'is not a parameter of this route';

/** A fault for each parameter except the known ones: a caller must not believe that an unknown one has an effect. */
export function unknownParameters(query: unknown, ...known: readonly string[]): Fault[] {
  const names = typeof query === 'object' && query !== null ? Object.keys(query) : [];
  return names
    .filter((name) => !known.includes(name))
    .map((parameter) => ({ parameter, code: 'unknown-field', detail: NOT_A_PARAMETER }));
}

/**
 * A fault for each parameter that is not percent-encoded UTF-8. The parser of the query takes such text as it is
 * written: a filter would look for `%zz`.
 */
function misencoded(url: string): Fault[] {
  const start = url.search(/[?#]/);
  if (start < 0 || !url.includes('%', start)) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((pair) => !isDecodable(pair))
    .map((pair) => {
      const parameter = pair.split('=', 1).join('');
      return { parameter, code: 'invalid', detail: 'must be percent-encoded UTF-8: a % itself is %25' };
    });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses a query that can't be decoded on all of the API's routes, and every query parameter on those that have none.
 */
@Injectable()
export class KnownQueryGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { query, url, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    if (routeOptions.url?.startsWith('/api/') !== true) return true;
    refuseFaults(misencoded(url));
    const checks = this.reflector.get<boolean | undefined>(HAS_QUERY_PARAMETERS, context.getHandler());
    if (checks !== true) refuseFaults(unknownParameters(query));
    return true;
  }
}
