import { Readable } from 'node:stream';
import { Controller, Get, Headers, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ReadsTrail, RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders, ALSO_IF_SUSPENDED_PROBLEMS } from '../auth/caller.docs.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { HasQueryParameters } from '../http/known-query.js';
import { Problem } from '../http/problem.js';
import { isUuid, UUID_PARAM } from '../http/uuid-param.js';
import type { AuditedRequest } from './audit-event.js';
import { AuditEventPage, AuditEventSchema } from './audit-event.schema.js';
import { AuditEventQuery, AuditEventsQuery } from './audit-events-query.dto.js';
import { readAuditQuery, readsClear } from './audit-query.js';
import { AuditReader, type ShownEvent, type ShownPage } from './audit-reader.js';
import { CurrentRequest } from './current-request.js';
import { formatFor } from './export-formats.js';

@ApiTags('Audit')
@ReadsTrail()
@Controller('api/v1/audit-events')
export class AuditEventsController {
  constructor(private readonly reader: AuditReader) {}

  @Get()
  @RequireScopes('audit:read')
  @HasQueryParameters()
  @ApiOperation({
    operationId: 'listAuditEvents',
    summary: 'List audit events',
    description:
      "Returns the trail of the caller's own tenant, newest first. A page without `customer` looks at 10,000 events at " +
      'most: it may have few events, or none, and yet a `next_cursor`; the last page has null. With another `Accept` it is an ' +
      'export: see `exportAuditEvents`. With the scope `audit:read:clear` each change has its values in `clear`, unless ' +
      '`clear=false`. Each query is also an event of the trail.',
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'One page of the trail.', type: AuditEventPage, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'validation-failed')
  async list(
    @CurrentRequest() request: AuditedRequest,
    @Query() parameters: AuditEventsQuery,
    @Headers('accept') accept: string | undefined,
  ): Promise<ShownPage | StreamableFile> {
    const query = readAuditQuery(request, parameters);
    const format = formatFor(accept);
    if (format !== undefined) {
      const lines = await this.reader.export(request, query, format);
      // A tenant's id has only characters that need no escape here.
      const name = `audit-events-${request.principal.tenant.id}.${format.extension}`;
      return new StreamableFile(Readable.from(lines, { objectMode: false }), {
        type: `${format.mediaType}; charset=utf-8`,
        disposition: `attachment; filename="${name}"`,
      });
    }
    return this.reader.list(request, query);
  }

  @Get(':id')
  @RequireScopes('audit:read')
  @HasQueryParameters()
  @ApiOperation({ operationId: 'getAuditEvent', summary: 'Get an audit event' })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The event.', type: AuditEventSchema, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'validation-failed', 'not-found')
  async get(
    @CurrentRequest() request: AuditedRequest,
    @Param('id') id: string,
    @Query() parameters: AuditEventQuery,
  ): Promise<ShownEvent> {
    const clear = readsClear(request, parameters);
    const event = isUuid(id) ? await this.reader.get(request, id, clear) : undefined;
    if (event === undefined) throw new Problem('not-found', "The tenant's trail has no event with this id.");
    return event;
  }
}
