import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Injectable,
  SetMetadata,
  applyDecorators,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import { requireActive, requireKnown, TenantCache } from '../tenants/tenant-cache.js';
import { PLATFORM, type Tenant } from '../tenants/tenant.js';
import { CallerLimits, type Seat } from './caller-limits.js';
import { type Caller } from './caller.js';
import { ANY_TENANT_SCOPE, type Scope } from './scopes.js';
import { TokenVerifier } from './token-verifier.js';

/** A caller and the tenant they act for, for routes behind the guard. */
export interface Principal {
  readonly caller: Caller;
  readonly tenant: Tenant;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    /**
     * The tenant in the token, or in X-Tenant-Id if the token allows that. It is not known yet whether the tenant
     * exists.
     */
    claimedTenant: string | null;
    principal: Principal | null;
  }
}

const PUBLIC = 'auth:public';
const REQUIRED_SCOPES = 'auth:scopes';
const ANY_TENANT = 'auth:any-tenant';
const READS_TRAIL = 'auth:reads-trail';
const ALSO_SUSPENDED = 'auth:also-suspended';

/** Opens a route to everybody. A route without this and without scopes is closed. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

/** Opens a route to callers whose token has any of these scopes. */
export const RequireScopes = (...scopes: [Scope, ...Scope[]]): MethodDecorator =>
  applyDecorators(
    SetMetadata(REQUIRED_SCOPES, scopes),
    ...scopes.flatMap((scope) => [ApiSecurity('oauth2', [scope])]),
    ApiSecurity('bearer'),
  );

/** For routes about tenants themselves: the caller needs no tenant. */
export const WithoutTenant = (): MethodDecorator & ClassDecorator => SetMetadata(ANY_TENANT, true);

/**
 * For routes that read the trail: that of a suspended tenant can be read, too, and that of `_platform` by callers who
 * may act for any tenant.
 */
export const ReadsTrail = (): MethodDecorator & ClassDecorator => SetMetadata(READS_TRAIL, true);

/** For routes that a suspended tenant may use, too. */
export const AlsoIfSuspended = (): MethodDecorator & ClassDecorator => SetMetadata(ALSO_SUSPENDED, true);

/** The accepted caller, with or without a tenant. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new Error('a public route has no caller');
  return caller;
}

/** The caller and tenant that the guard accepted for this request. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new Error('a public route has no principal');
  return principal;
}

/** `principalOf` as a parameter of a route. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest()),
);

/**
 * Refuses every request, unless the route is `@Public()`, or the token is valid and has the scope and tenant that the
 * route needs.
 */
@Injectable()
export class AccessTokenGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
    private readonly limits: CallerLimits,
    private readonly tenants: TenantCache,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    const scopes = this.reflector.getAllAndOverride<readonly string[] | undefined>(REQUIRED_SCOPES, targets);

    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = await this.verifier.verify(request.raw.headersDistinct['authorization']);
    request.caller = caller;
    request.claimedTenant = claimedTenant(caller, request.headers['x-tenant-id']);
    await this.takeSeat(request, caller, context.switchToHttp().getResponse());
    requireScope(caller, scopes ?? []);
    if (this.reflector.getAllAndOverride<boolean | undefined>(ANY_TENANT, targets) === true) return true;
    const chosen = chooseTenant(caller, request.headers['x-tenant-id']);
    const known = this.tenants.known(chosen);
    const tenant = known === undefined ? await request.deadline.within(this.tenants.find(chosen)) : known;
    // Set before any refusal: a refusal is recorded for the requested tenant.
    request.tenantId = tenant?.id ?? null;
    const trail = this.reflector.getAllAndOverride<boolean | undefined>(READS_TRAIL, targets) === true;
    const suspendedToo =
      this.reflector.getAllAndOverride<boolean | undefined>(ALSO_SUSPENDED, targets) === true;
    const admit = suspendedToo ? requireKnown : requireActive;
    request.principal = { caller, tenant: trail ? trailOf(chosen, caller, tenant) : admit(tenant) };
    return true;
  }

  /** Before anything is read, so that a refusal costs almost nothing. */
  private async takeSeat(request: FastifyRequest, caller: Caller, reply: FastifyReply): Promise<void> {
    const seat = await this.seatFor(request, caller);
    void reply.headers({ ...seat.headers });
    // If the caller hangs up, the request keeps its seat until it has been carried out.
    request.whenCarriedOut = seat.hold();
    const leave = seat.hold();
    // If the caller hung up while the token was checked, the seat is free now; otherwise when the answer is sent.
    if (reply.raw.destroyed) leave();
    else reply.raw.once('close', leave);
  }

  /**
   * Counts in the bucket of the claimed tenant, if it exists: an invented name must not get its own bucket. The
   * look-up of a tenant costs a token of the caller's own tenant.
   */
  private async seatFor({ claimedTenant, deadline }: FastifyRequest, caller: Caller): Promise<Seat> {
    const own = seatName(caller.tenantId, caller);
    if (claimedTenant === null || claimedTenant === caller.tenantId) return this.limits.enter(own);
    const known = this.tenants.known(claimedTenant);
    if (known === null) return this.limits.enter(own);
    if (known === undefined) {
      const seat = this.limits.enter(own);
      const leave = seat.hold();
      const tenant = await deadline.within(this.tenants.find(claimedTenant)).finally(leave);
      if (tenant === null) return seat;
      seat.giveBack();
    }
    return this.limits.enter(seatName(claimedTenant, caller));
  }
}

/** The tenant whose trail is read. */
function trailOf(chosen: string, caller: Caller, tenant: Tenant | null): Tenant {
  if (chosen === PLATFORM.id && caller.scopes.includes(ANY_TENANT_SCOPE)) return PLATFORM;
  return requireKnown(tenant);
}

/** The seats of a caller are counted separately for each tenant that it acts for. */
function seatName(tenantId: string | null, { clientId, sub }: Caller): string {
  return JSON.stringify([tenantId, clientId, sub]);
}

function claimedTenant(caller: Caller, header: string | string[] | undefined): string | null {
  const named = caller.scopes.includes(ANY_TENANT_SCOPE) && header !== undefined ? String(header) : '';
  return named === '' ? caller.tenantId : named.slice(0, MAX_CLAIMED);
}

/** Characters of a name that are stored: more than the id of any tenant has. */
const MAX_CLAIMED = 65;

function requireScope(caller: Caller, scopes: readonly string[]): void {
  if (scopes.some((scope) => caller.scopes.includes(scope))) return;
  const wanted = scopes.join(' or ');
  throw new Problem('insufficient-scope', `This needs the scope ${wanted || 'of an operator'}.`, {
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"` },
  });
}

/** The token's tenant; for a service that may act for any tenant, the one in `X-Tenant-Id`. */
function chooseTenant(caller: Caller, header: string | string[] | undefined): string {
  const named = header === undefined || header === '' ? null : String(header);
  const chosen = named ?? caller.tenantId;
  const free = caller.scopes.includes(ANY_TENANT_SCOPE);
  if (chosen !== null && (free || chosen === caller.tenantId)) return chosen;
  if (caller.tenantFault === null) {
    throw new Problem('tenant-forbidden', `X-Tenant-Id needs the scope ${ANY_TENANT_SCOPE}.`);
  }
  const detail = `The access token names no tenant: its claim ${caller.tenantFault}. With the scope ${ANY_TENANT_SCOPE}, X-Tenant-Id may name it.`;
  throw new Problem('tenant-forbidden', detail, { reason: caller.tenantFault });
}
