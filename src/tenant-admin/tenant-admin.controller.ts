import {
  Body,
  applyDecorators,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  type PipeTransform,
  Put,
  Query,
  Res,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AdminRequest } from '../audit/audit-records.js';
import { CurrentAdmin } from '../audit/current-request.js';
import { RequireScopes, WithoutTenant } from '../auth/access-token.guard.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { JsonBodyPipe } from '../http/json-body.pipe.js';
import { HasQueryParameters } from '../http/known-query.js';
import { type ProblemSlug, validationFailed } from '../http/problem.js';
import { TENANT_ID, TENANT_ID_RULE } from '../tenants/tenant.js';
import { PatchTenantDto } from './patch-tenant.dto.js';
import { PutTenantDto } from './put-tenant.dto.js';
import { PutTokenDto } from './put-token.dto.js';
import { mayRetireTokens, RetireTokensQuery } from './retire-tokens-query.dto.js';
import { TenantList, TenantView, TokenVersion, TokenVersionList } from './tenant-admin.schema.js';
import { TenantAdminService } from './tenant-admin.service.js';

const READ_PROBLEMS: readonly ProblemSlug[] = [
  'validation-failed',
  ...(['unauthenticated', 'insufficient-scope', 'internal', 'identity-provider-unavailable'] as const),
  ...(['audit-unavailable', 'rate-limited'] as const),
];
const OF_ONE: readonly ProblemSlug[] = [...READ_PROBLEMS, 'validation-failed', 'not-found'];
const WRITE_PROBLEMS: readonly ProblemSlug[] = [
  ...READ_PROBLEMS,
  ...(['validation-failed', 'malformed-json', 'payload-too-large', 'unsupported-media-type'] as const),
  'request-timeout',
];

/** `{id}` of a tenant. */
class TenantIdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (TENANT_ID.test(id)) return id;
    throw validationFailed([{ parameter: 'id', code: 'not-tenant-id', detail: `must be ${TENANT_ID_RULE}` }]);
  }
}

class VersionPipe implements PipeTransform<string, number> {
  transform(version: string): number {
    if (/^[1-9][0-9]{0,8}$/.test(version)) return Number(version);
    throw validationFailed([
      { parameter: 'version', code: 'out-of-range', detail: 'must be a whole number from 1' },
    ]);
  }
}

const TenantIdParam = (): MethodDecorator =>
  ApiParam({ name: 'id', schema: { type: 'string', pattern: TENANT_ID.source }, example: 'acme' });

const Administers = (operationId: string, summary: string): MethodDecorator =>
  applyDecorators(RequireScopes('tenants:admin'), ApiOperation({ operationId, summary }));

@ApiTags('Tenants')
@WithoutTenant()
@Controller('api/v1/tenants')
export class TenantAdminController {
  constructor(private readonly tenants: TenantAdminService) {}

  @Get()
  @Administers('listTenants', 'List tenants')
  @ApiOkResponse({ description: 'All tenants, ordered by id.', type: TenantList, headers: REQUEST_ID_HEADER })
  @ApiProblems(...READ_PROBLEMS)
  async list(): Promise<TenantList> {
    return { data: await this.tenants.list() };
  }

  @Get(':id')
  @Administers('getTenant', 'Get a tenant')
  @TenantIdParam()
  @ApiOkResponse({ description: 'The tenant.', type: TenantView, headers: REQUEST_ID_HEADER })
  @ApiProblems(...OF_ONE)
  get(@Param('id', TenantIdPipe) id: string): Promise<TenantView> {
    return this.tenants.get(id);
  }

  @Put(':id')
  @Administers('putTenant', 'Create or replace a tenant')
  @TenantIdParam()
  @HasQueryParameters()
  @ApiOkResponse({ description: 'The changed tenant.', type: TenantView, headers: REQUEST_ID_HEADER })
  @ApiCreatedResponse({ description: 'The new tenant.', type: TenantView, headers: REQUEST_ID_HEADER })
  @ApiProblems(...WRITE_PROBLEMS, 'tokens-would-retire')
  async put(
    @CurrentAdmin() request: AdminRequest,
    @Param('id', TenantIdPipe) id: string,
    @Query() query: RetireTokensQuery,
    @Body(JsonBodyPipe) body: PutTenantDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const { created, view } = await this.tenants.put(request, id, body, mayRetireTokens(query));
    void reply.status(created ? 201 : 200);
    return view;
  }

  @Patch(':id')
  @Administers('patchTenant', 'Change a tenant')
  @TenantIdParam()
  @HasQueryParameters()
  @ApiOkResponse({ description: 'The changed tenant.', type: TenantView, headers: REQUEST_ID_HEADER })
  @ApiProblems(...WRITE_PROBLEMS, 'not-found', 'tokens-would-retire')
  patch(
    @CurrentAdmin() request: AdminRequest,
    @Param('id', TenantIdPipe) id: string,
    @Query() query: RetireTokensQuery,
    @Body(JsonBodyPipe) body: PatchTenantDto,
  ): Promise<TenantView> {
    return this.tenants.patch(request, id, body, mayRetireTokens(query));
  }

  @Put(':id/token')
  @HttpCode(201)
  @Administers('putToken', 'Put a new version of a tenant’s token')
  @TenantIdParam()
  @ApiCreatedResponse({
    description: 'The new version; it is the current one.',
    type: TokenVersion,
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems(...WRITE_PROBLEMS, 'not-found')
  putToken(
    @CurrentAdmin() request: AdminRequest,
    @Param('id', TenantIdPipe) id: string,
    @Body(JsonBodyPipe) body: PutTokenDto,
  ): Promise<TokenVersion> {
    return this.tenants.putToken(request, id, body);
  }

  @Get(':id/tokens')
  @Administers('listTokenVersions', 'List the versions of a tenant’s token')
  @TenantIdParam()
  @ApiOkResponse({
    description: 'The versions, newest first.',
    type: TokenVersionList,
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems(...OF_ONE)
  async versions(@Param('id', TenantIdPipe) id: string): Promise<TokenVersionList> {
    return { data: await this.tenants.versions(id) };
  }

  @Delete(':id/tokens/:version')
  @HttpCode(204)
  @Administers('retireToken', 'Retire a version of a tenant’s token permanently')
  @TenantIdParam()
  @ApiParam({ name: 'version', schema: { type: 'integer', minimum: 1 } })
  @ApiNoContentResponse({ description: 'The version is retired.', headers: REQUEST_ID_HEADER })
  @ApiProblems(...OF_ONE)
  async retire(
    @CurrentAdmin() request: AdminRequest,
    @Param('id', TenantIdPipe) id: string,
    @Param('version', VersionPipe) version: number,
  ): Promise<void> {
    await this.tenants.retire(request, id, version);
  }
}
