import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { AuditEvent } from '../audit/audit-event.js';
import { latestOutcome, mergedChanges } from '../audit/latest-outcome.js';
import { AuditQueriesForReaders } from '../audit/audit-queries.js';
import { CurrentPrincipal, type Principal, RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders, CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { WRITE_SCOPES } from '../customers/field-scopes.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { Problem } from '../http/problem.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { isUuid, UUID_PARAM } from '../http/uuid-param.js';
import { Operation } from './operation.schema.js';

@ApiTags('Operations')
@Controller('api/v1/operations')
export class OperationsController {
  constructor(private readonly store: AuditQueriesForReaders) {}

  @Get(':id')
  @RequireScopes('customers:read', ...WRITE_SCOPES, 'audit:read')
  @ApiOperation({
    operationId: 'getOperation',
    summary: 'Get an operation',
    description:
      'Returns the status of a patch, derived from the audit trail. The id is the `X-Operation-Id` of the patch.',
  })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The operation.', type: Operation, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed', 'not-found')
  async get(@CurrentPrincipal() { tenant }: Principal, @Param('id') id: string): Promise<Operation> {
    const events = isUuid(id) ? await this.store.ofOperation(tenant.id, id).catch(trailUnavailable) : [];
    const operation = toOperation(id, events);
    if (operation === undefined) throw new Problem('not-found', 'The tenant has no operation with this id.');
    return operation;
  }
}

/** The first event has the start, the last outcome has the status. */
function toOperation(id: string, events: readonly AuditEvent[]): Operation | undefined {
  const [first] = events;
  const last = latestOutcome(events) ?? first;
  if (first === undefined || last === undefined || last.target === null) return undefined;
  const final = last.outcome !== 'pending' && last.outcome !== 'unknown';
  return {
    id: id.toLowerCase(),
    status: last.outcome,
    final,
    customer: last.target,
    changes: mergedChanges(first, last),
    attempts: last.upstream?.attempts ?? 0,
    started_at: first.occurred_at,
    ended_at: final ? last.occurred_at : null,
  };
}
