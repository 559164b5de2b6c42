import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, type Principal, ReadsTrail, RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders, ALSO_IF_SUSPENDED_PROBLEMS } from '../auth/caller.docs.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { Problem, validationFailed } from '../http/problem.js';
import { isUuid, UUID_PARAM } from '../http/uuid-param.js';
import { LogKeys } from './log-keys.js';
import { LogReader } from './log-reader.js';
import { readTilePath } from './tile-path.js';

const TEXT = { 'text/plain': { schema: { type: 'string' } } } as const;
const BYTES = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } as const;

@ApiTags('Audit')
@ReadsTrail()
@Controller('api/v1')
export class AuditLogController {
  constructor(
    private readonly reader: LogReader,
    private readonly keys: LogKeys,
  ) {}

  @Get('audit-events/:id/proof')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditEventProof',
    summary: 'Prove that an event is in the log',
    description:
      'Returns a C2SP tlog-proof. The leaf is the RFC 8785 form of the event without `leaf_index` and `clear`.',
  })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The proof.', content: TEXT, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'not-found', 'not-sealed')
  async proof(
    @CurrentPrincipal() { tenant: { id: log } }: Principal,
    @Param('id') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const event = id.toLowerCase();
    const proof = isUuid(id) ? await this.reader.proofOf(log, event).catch(trailUnavailable) : undefined;
    if (proof === undefined) throw await this.notThere(log, event);
    void reply.type(TEXT_TYPE);
    return proof;
  }

  @Get('audit-log/checkpoint')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditLogCheckpoint',
    summary: 'Get the newest checkpoint of the log',
    description:
      "Returns a C2SP tlog-checkpoint of the tenant's log, with the cosignatures that witnesses made of it. Keep copies " +
      'outside of this service: only then do they prove anything.',
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The checkpoint.', content: TEXT, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'not-found')
  async checkpoint(
    @CurrentPrincipal() { tenant }: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const checkpoint = await this.reader.newest(tenant.id).catch(trailUnavailable);
    if (checkpoint === undefined)
      throw new Problem('not-found', 'The log has no checkpoint yet: no event is in it.');
    void reply.type(TEXT_TYPE);
    return checkpoint.note;
  }

  @Get('audit-log/keys')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditLogKeys',
    summary: 'Get the public keys of the log',
    description:
      'Returns vkeys (C2SP signed-note), one a line, the current ones first. An ended key is followed by ` until <size>`: ' +
      'trust it only for checkpoints up to that size. Get them once and keep them: a verifier trusts the keys that you give to it.',
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The keys.', content: TEXT, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS)
  async publicKeys(
    @CurrentPrincipal() { tenant }: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const keys = await this.keys.publicKeys(tenant.id).catch(trailUnavailable);
    void reply.type(TEXT_TYPE);
    return keys;
  }

  @Get('audit-log/tile/:level/*')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditLogTile',
    summary: 'Get a tile of the log’s hashes',
    description: 'Returns hashes of 32 bytes (C2SP tlog-tiles): 256, or as many as `.p/<width>` names.',
  })
  @ApiParam({ name: 'level', schema: { type: 'integer', minimum: 0, maximum: 63 }, example: 0 })
  @ApiParam({
    name: 'path',
    description: 'The number of the tile in groups of three digits, as in `x001/x234/067` or `000.p/12`.',
    schema: { type: 'string' },
    example: '000.p/2',
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The hashes.', content: BYTES, headers: REQUEST_ID_HEADER })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'not-found')
  async tile(
    @CurrentPrincipal() { tenant }: Principal,
    @Param('level') level: string,
    @Req() { params }: FastifyRequest<{ Params: { '*': string } }>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const asked = readTilePath(level, params['*']);
    if (asked === undefined) {
      const detail = 'must be a tile of C2SP tlog-tiles, such as 0/x001/x234/067 or 0/000.p/12';
      throw validationFailed([{ parameter: 'path', code: 'not-tile', detail }]);
    }
    const hashes = await this.reader.tile(tenant.id, asked).catch(trailUnavailable);
    if (hashes === undefined) throw new Problem('not-found', 'The log has no such tile.');
    void reply.type('application/octet-stream');
    return hashes;
  }

  private async notThere(log: string, id: string): Promise<Problem> {
    const known = isUuid(id) && (await this.reader.isKnown(log, id).catch(trailUnavailable));
    return known
      ? new Problem('not-sealed', 'The event is not in the log yet. Try again in a second.', {
          headers: { 'Retry-After': '1' },
        })
      : new Problem('not-found', "The tenant's log has no event with this id.");
  }
}

const TEXT_TYPE = 'text/plain; charset=utf-8';
