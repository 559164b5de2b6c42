import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Fault, refuseFaults } from './problem.js';

const HAS_QUERY_PARAMETERS = 'http:has-query-parameters';

/** For a route that has query parameters and checks all of them itself: `KnownQueryGuard` skips it. */
export const HasQueryParameters = (): MethodDecorator => SetMetadata(HAS_QUERY_PARAMETERS, true);

/** A fault for each parameter except the known ones: a caller must not believe that an unknown one has an effect. */
export function unknownParameters(query: unknown, ...known: readonly string[]): Fault[] {
  const names = typeof query === 'object' && query !== null ? Object.keys(query) : [];
  return names
    .filter((name) => !known.includes(name))
    .map((parameter) => ({ parameter, code: 'unknown-field', detail: 'is not a parameter of this route' }));
}

/** Refuses every query parameter on the API's routes without query parameters. */
@Injectable()
export class KnownQueryGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const checks = this.reflector.get<boolean | undefined>(HAS_QUERY_PARAMETERS, context.getHandler());
    if (checks !== true && routeOptions.url?.startsWith('/api/') === true) {
      refuseFaults(unknownParameters(query));
    }
    return true;
  }
}
