import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal, RequireScopes } from '../auth/access-token.guard.js';
import { ApiProblems, CALLER_PROBLEMS, ApiRequestHeaders, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { validateDto } from '../http/dto-validation.js';
import { type Fault, Problem, pointerTo, validationFailed } from '../http/problem.js';
import { isUuid, UUID_PARAM } from '../http/uuid-param.js';
import type { AuditEvent } from './audit-event.js';
import { AuditEventPage, AuditEventSchema } from './audit-event.schema.js';
import { AuditEventsQuery, DEFAULT_LIMIT, readCursor, writeCursor } from './audit-events-query.dto.js';
import { AuditStore } from './audit-store.js';

@ApiTags('Audit')
@Controller('api/v1/audit-events')
export class AuditEventsController {
  constructor(private readonly store: AuditStore) {}

  @Get()
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'listAuditEvents',
    summary: 'List audit events',
    description: "The trail of the caller's own tenant, newest first.",
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'One page of the trail.', type: AuditEventPage, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed')
  async list(
    @CurrentPrincipal() { tenant }: Principal,
    @Query() parameters: AuditEventsQuery,
  ): Promise<{ data: WithSeal[]; next_cursor: string | null }> {
    const { limit, cursor, from, to, credential_version: version, ...filters } = readQuery(parameters);
    const pageSize = limit === undefined ? DEFAULT_LIMIT : Number(limit);
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const filter = {
      ...filters,
      tenantId: tenant.id,
      ...(version === undefined ? {} : { credentialVersion: Number(version) }),
      ...(before === undefined ? {} : { before }),
      ...(from === undefined ? {} : { from: new Date(from) }),
      ...(to === undefined ? {} : { to: new Date(to) }),
    };
    const events = await this.store.list(filter, pageSize + 1).catch(trailUnavailable);
    const page = events.slice(0, pageSize);
    const last = events.length > pageSize ? page.at(-1) : undefined;
    return { data: page.map(withSeal), next_cursor: last === undefined ? null : writeCursor(last.id) };
  }

  @Get(':id')
  @RequireScopes('audit:read')
  @ApiOperation({ operationId: 'getAuditEvent', summary: 'Get an audit event' })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The event.', type: AuditEventSchema, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed', 'not-found')
  async get(@CurrentPrincipal() { tenant }: Principal, @Param('id') id: string): Promise<WithSeal> {
    const event = isUuid(id) ? await this.store.find(tenant.id, id).catch(trailUnavailable) : undefined;
    if (event === undefined) throw new Problem('not-found', "The tenant's trail has no event of this id.");
    return withSeal(event);
  }
}

type WithSeal = AuditEvent & { readonly seal: null };

/** In the order of the documentation; the stored text is in canonical order. */
function withSeal(event: AuditEvent): WithSeal {
  const { id, operation_id, occurred_at, tenant_id, actor, origin, request_id, trace_id } = event;
  const { action, phase, target, outcome, status, upstream, credential, changes, ...rest } = event;
  const who = { id, operation_id, occurred_at, tenant_id, actor, origin, request_id, trace_id };
  return {
    ...who,
    action,
    phase,
    target,
    outcome,
    status,
    upstream,
    credential,
    changes,
    seal: null,
    ...rest,
  };
}

export function trailUnavailable(error: unknown): never {
  throw new Problem('audit-unavailable', 'The audit trail cannot be read at the moment.', {
    retryAfterS: 5,
    cause: error,
  });
}

function readQuery(parameters: object): AuditEventsQuery {
  const { dto, faults } = validateDto(AuditEventsQuery, { ...parameters });
  const all: Fault[] = [...faults];
  if (dto.field !== undefined && dto.customer === undefined) {
    all.push({
      pointer: pointerTo('field'),
      code: 'needs-customer',
      detail: 'can only be used together with customer',
    });
  }
  if (all.length > 0) throw validationFailed(all);
  return dto;
}
