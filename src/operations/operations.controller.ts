import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal, type Principal, RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders, CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { WRITE_SCOPES } from '../customers/field-scopes.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { HasQueryParameters } from '../http/known-query.js';
import { UUID_PARAM } from '../http/uuid-param.js';
import { OperationQuery, readWait } from './operation-query.dto.js';
import { Operation } from './operation.schema.js';
import { OperationsService } from './operations.service.js';

@ApiTags('Operations')
@Controller('api/v1/operations')
export class OperationsController {
  constructor(private readonly operations: OperationsService) {}

  @Get(':id')
  @RequireScopes('customers:read', ...WRITE_SCOPES, 'audit:read')
  @HasQueryParameters()
  @ApiOperation({
    operationId: 'getOperation',
    summary: 'Get an operation',
    description:
      'Returns the status of a patch, derived from the audit trail. The id is the `X-Operation-Id` of the patch. With ' +
      '`wait` the answer is held until the status is final, or the time is over; the service answers earlier when it ' +
      'stops, when too many requests wait, or when the caller closes its sending side. A request that waits counts as ' +
      'in flight for its caller.',
  })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The operation.', type: Operation, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed', 'not-found')
  get(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('id') id: string,
    @Query() parameters: OperationQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Operation> {
    return this.operations.whenFinal(tenant.id, id, readWait(parameters), hangUpOf(reply));
  }
}

/** Aborts when the caller hangs up, or closes its sending side: the two look the same until it is answered. */
function hangUpOf({ raw, request: { socket } }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const hangUp = (): void => {
    socket.off('end', hangUp);
    gone.abort();
  };
  if (raw.destroyed || socket.readableEnded) hangUp();
  else {
    raw.once('close', hangUp);
    socket.once('end', hangUp);
  }
  return gone.signal;
}
