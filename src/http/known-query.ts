import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Fault, refuseFaults } from './problem.js';

const HAS_QUERY_PARAMETERS = 'http:has-query-parameters';

/** For a route that has query parameters: it checks all of them itself. */
export const HasQueryParameters = (): MethodDecorator => SetMetadata(HAS_QUERY_PARAMETERS, true);

export const NOT_A_PARAMETER = 'is not a parameter of this route';

/** The value of a parameter that is not percent-encoded UTF-8. */
const MISENCODED = Symbol('misencoded');

const CANT_BE_DECODED = {
  code: 'invalid',
  detail: 'must be percent-encoded UTF-8: a % itself is %25',
} as const;

/** The fault of a parameter whose value no rule can check. */
export function faultOfSending(parameter: string, value: unknown): Fault | undefined {
  if (value === MISENCODED) return { parameter, ...CANT_BE_DECODED };
  return Array.isArray(value) ? { parameter, code: 'repeated', detail: 'must be sent once' } : undefined;
}

/**
 * Names of the parameters that are not percent-encoded UTF-8. The parser of the query takes such text as it is
 * written: a filter would look for `%zz`.
 */
function misencoded(url: string): string[] {
  const start = url.search(/[?#]/);
  if (start < 0 || !url.includes('%', start)) return [];
  return url
    .slice(start + 1)
    .split('&')
    .filter((pair) => !isDecodable(pair))
    .map((pair) => pair.split('=', 1).join(''));
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
 * Refuses every query parameter on routes of the API that have none, and marks those that can't be decoded on the others,
 * which report them together with other faults.
 */
@Injectable()
export class KnownQueryGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const { query, url, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    if (routeOptions.url?.startsWith('/api/') !== true || !isObject(query)) return true;
    for (const name of misencoded(url)) query[name] = MISENCODED;
    const checks = this.reflector.get<boolean | undefined>(HAS_QUERY_PARAMETERS, context.getHandler());
    if (checks !== true) refuseFaults(Object.entries(query).map(faultOfUnknown));
    return true;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function faultOfUnknown([parameter, value]: [string, unknown]): Fault {
  return value === MISENCODED
    ? { parameter, ...CANT_BE_DECODED }
    : { parameter, code: 'unknown-field', detail: NOT_A_PARAMETER };
}
