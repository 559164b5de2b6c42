import { Controller, Get, Param, type PipeTransform, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal, Public, RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders, CALLER_PROBLEMS } from '../auth/caller.docs.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { HasQueryParameters } from '../http/known-query.js';
import { validateQuery } from '../http/dto-validation.js';
import { Problem, refuseFaults, validationFailed } from '../http/problem.js';
import { trailUnavailable } from '../database/trail-unavailable.js';
import { isUuid, UUID_PARAM } from '../http/uuid-param.js';
import { SealSigner } from './seal-signer.js';
import { SealStore } from './seal-store.js';
import { ConsistencyProof, InclusionProof, SealPage, SigningKeys } from './sealing.schema.js';
import { DEFAULT_LIMIT, readCursor, SealsQuery, writeCursor } from './seals-query.dto.js';

/** A seal's number in a path. */
class SealNumberPipe implements PipeTransform<string, number> {
  transform(value: string): number {
    if (/^[1-9][0-9]{0,8}$/.test(value)) return Number(value);
    const detail = 'must be the number of a seal, a whole number from 1';
    throw validationFailed([{ parameter: 'seal', code: 'out-of-range', detail }]);
  }
}

const SealNumber = (name: string): MethodDecorator =>
  ApiParam({ name, schema: { type: 'integer', minimum: 1 }, example: 1 });

@ApiTags('Audit')
@Controller('api/v1')
export class SealsController {
  constructor(
    private readonly store: SealStore,
    private readonly signer: SealSigner,
  ) {}

  @Get('audit-seals')
  @RequireScopes('audit:read')
  @HasQueryParameters()
  @ApiOperation({
    operationId: 'listAuditSeals',
    summary: 'List seals',
    description:
      "Returns the signed seals of the tenant's log, oldest first. Keep copies outside of this service: only then do they prove anything.",
  })
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'One page of the seals.', type: SealPage, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed')
  async list(@CurrentPrincipal() { tenant }: Principal, @Query() parameters: SealsQuery): Promise<SealPage> {
    const { dto, faults } = validateQuery(SealsQuery, parameters);
    refuseFaults(faults);
    const limit = Number(dto.limit ?? DEFAULT_LIMIT);
    const after = dto.cursor === undefined ? 0 : (readCursor(dto.cursor) ?? 0);
    const seals = await this.store.list(tenant.id, after, limit + 1).catch(trailUnavailable);
    const page = seals.slice(0, limit);
    const last = seals.length > limit ? page.at(-1) : undefined;
    return { data: page, next_cursor: last === undefined ? null : writeCursor(last.seal) };
  }

  @Get('audit-seals/:a/consistency/:b')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditConsistency',
    summary: 'Prove that a seal only added to an earlier one',
  })
  @SealNumber('a')
  @SealNumber('b')
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The proof.', type: ConsistencyProof, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed', 'not-found')
  async consistency(
    @CurrentPrincipal() { tenant: { id: log } }: Principal,
    @Param('a', SealNumberPipe) a: number,
    @Param('b', SealNumberPipe) b: number,
  ): Promise<ConsistencyProof> {
    if (a > b) {
      const detail = 'must not come before the first';
      throw validationFailed([{ parameter: 'b', code: 'out-of-range', detail }]);
    }
    const [earlier, later] = await Promise.all([this.store.find(log, a), this.store.find(log, b)]).catch(
      trailUnavailable,
    );
    if (earlier === undefined || later === undefined)
      throw new Problem('not-found', "The tenant's log has no seal with this number.");
    const { tree_size: first } = earlier;
    const { tree_size: second } = later;
    return {
      log,
      first,
      second,
      path: await this.store.consistencyPath(log, first, second).catch(trailUnavailable),
    };
  }

  @Get('audit-events/:id/proof')
  @RequireScopes('audit:read')
  @ApiOperation({
    operationId: 'getAuditEventProof',
    summary: 'Prove that an event is in the sealed log',
    description: '`leaf_hash` is the hash of the RFC 8785 form of the event without `seal` and `clear`.',
  })
  @ApiParam(UUID_PARAM)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The proof.', type: InclusionProof, headers: REQUEST_ID_HEADER })
  @ApiProblems(...CALLER_PROBLEMS, 'validation-failed', 'not-found', 'not-sealed')
  async proof(
    @CurrentPrincipal() { tenant: { id: log } }: Principal,
    @Param('id') id: string,
  ): Promise<InclusionProof> {
    const leaf = isUuid(id) ? await this.store.leafOf(log, id).catch(trailUnavailable) : undefined;
    if (leaf === undefined) throw await this.notThere(log, id);
    const { seal: number, leaf_index, leaf_hash } = leaf;
    const seal = await this.store.find(log, number).catch(trailUnavailable);
    if (seal === undefined) throw new Error('a leaf without its seal');
    const { tree_size, jws } = seal;
    const path = await this.store.inclusionPath(log, leaf_index, tree_size).catch(trailUnavailable);
    return { event_id: id.toLowerCase(), log, leaf_index, leaf_hash, tree_size, path, seal: number, jws };
  }

  @Get('audit-keys')
  @Public()
  @ApiOperation({
    operationId: 'listAuditKeys',
    summary: 'Public keys of the seals',
    description:
      'Returns a JWKS (RFC 7517). Get it once and keep it: a verifier trusts the keys that you give to it.',
    security: [],
  })
  @ApiOkResponse({ description: 'The keys, oldest first.', type: SigningKeys, headers: REQUEST_ID_HEADER })
  @ApiProblems('validation-failed', 'audit-unavailable')
  async keys(): Promise<SigningKeys> {
    return { keys: await this.signer.publicKeys().catch(trailUnavailable) };
  }

  private async notThere(log: string, id: string): Promise<Problem> {
    const waits = isUuid(id) && (await this.store.isWaiting(log, id).catch(trailUnavailable));
    return waits
      ? new Problem('not-sealed', 'The event is not sealed yet. Try again in a second.', {
          headers: { 'Retry-After': '1' },
        })
      : new Problem('not-found', "The tenant's trail has no event with this id.");
  }
}
