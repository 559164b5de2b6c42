import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditedRequest } from '../audit/audit-event.js';
import { CurrentRequest } from '../audit/current-request.js';
import { RequireScopes } from '../auth/access-token.guard.js';
import { ApiRequestHeaders } from '../auth/caller.docs.js';
import { CustomerList } from '../billing/customer-list.dto.js';
import { Customer } from '../billing/customer.dto.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { HasQueryParameters } from '../http/known-query.js';
import { REPLAYED } from '../idempotency/stored-answer.js';
import { CustomerPreview } from './customer-preview.schema.js';
import { CustomerReads } from './customer-reads.js';
import { CustomerRefPipe } from './customer-ref.pipe.js';
import * as docs from './customers.docs.js';
import { CustomersService } from './customers.service.js';
import { CustomersQuery, readCustomersQuery } from './dto/customers-query.dto.js';
import { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { EntityTags } from './entity-tags.js';
import { WRITE_SCOPES } from './field-scopes.js';
import { PatchBodyPipe } from './patch-body.pipe.js';
import { Conditions, type PatchConditions } from './patch-conditions.js';
import { ApiPatchProblems, ApiPreviewProblems } from './patch-problems.docs.js';
import { PreviewsService } from './previews.service.js';

/** The routes of customers. */
@Controller('api/v1/customers')
export class CustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly previews: PreviewsService,
    private readonly reads: CustomerReads,
    private readonly tags: EntityTags,
  ) {}

  @Patch(':id_or_alias')
  @RequireScopes(...WRITE_SCOPES)
  @ApiTags('Customers')
  @ApiOperation(docs.PATCH)
  @ApiBody({ type: PatchCustomerDto, ...docs.BODY })
  @ApiParam(docs.ID_OR_ALIAS)
  @ApiHeader(docs.IDEMPOTENCY_KEY)
  @ApiHeader(docs.IF_MATCH)
  @ApiHeader(docs.REVERTS_OPERATION)
  @ApiRequestHeaders()
  @ApiOkResponse({
    description: 'The customer after the patch.',
    type: Customer,
    headers: docs.PATCHED_HEADERS,
  })
  @ApiPatchProblems(...docs.PATCH_PROBLEMS)
  async patch(
    @CurrentRequest() request: AuditedRequest,
    @Param('id_or_alias', CustomerRefPipe) customerRef: string,
    @Conditions() conditions: PatchConditions,
    @Body(PatchBodyPipe) patch: PatchCustomerDto,
    @Req() { deadline }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Customer> {
    const { customer, operationId, replayed } = await this.customers.patch({
      audited: request,
      customerRef,
      fields: patch,
      deadline: deadline.at,
      ...conditions,
    });
    void reply.headers({ 'X-Operation-Id': operationId, ...(replayed === true ? REPLAYED : {}) });
    return this.shown(customer, request, reply);
  }

  @Post(':id_or_alias/preview')
  @HttpCode(200)
  @RequireScopes(...WRITE_SCOPES)
  @ApiTags('Preview')
  @ApiOperation(docs.PREVIEW)
  @ApiBody({ type: PatchCustomerDto, ...docs.BODY })
  @ApiParam(docs.ID_OR_ALIAS)
  @ApiHeader(docs.PREVIEW_IF_MATCH)
  @ApiHeader(docs.REVERTS_OPERATION)
  @ApiRequestHeaders()
  @ApiOkResponse({
    description: 'What the patch would change.',
    type: CustomerPreview,
    headers: docs.PREVIEW_HEADERS,
  })
  @ApiPreviewProblems(...docs.PREVIEW_PROBLEMS)
  async preview(
    @CurrentRequest() request: AuditedRequest,
    @Param('id_or_alias', CustomerRefPipe) customerRef: string,
    @Conditions() conditions: PatchConditions,
    @Body(PatchBodyPipe) patch: PatchCustomerDto,
    @Req() { deadline }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerPreview> {
    const { preview, operationId } = await this.previews.preview({
      audited: request,
      customerRef,
      fields: patch,
      deadline: deadline.at,
      ...conditions,
    });
    void reply.headers({ 'X-Operation-Id': operationId, ETag: preview.etag });
    return preview;
  }

  @Get(':id_or_alias')
  @RequireScopes('customers:read')
  @ApiTags('Customers')
  @ApiOperation(docs.GET)
  @ApiParam(docs.ID_OR_ALIAS)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'The customer.', type: Customer, headers: docs.CUSTOMER_HEADERS })
  @ApiProblems(...docs.GET_PROBLEMS)
  async get(
    @CurrentRequest() request: AuditedRequest,
    @Param('id_or_alias', CustomerRefPipe) customerRef: string,
    @Req() { deadline }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Customer> {
    return this.shown(await this.reads.get(request, customerRef, deadline.at), request, reply);
  }

  @Get()
  @RequireScopes('customers:read')
  @HasQueryParameters()
  @ApiTags('Customers')
  @ApiOperation(docs.LIST)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'One page of customers.', type: CustomerList, headers: REQUEST_ID_HEADER })
  @ApiProblems(...docs.LIST_PROBLEMS)
  list(
    @CurrentRequest() request: AuditedRequest,
    @Query() parameters: CustomersQuery,
    @Req() { deadline }: FastifyRequest,
  ): Promise<CustomerList> {
    return this.reads.list(request, readCustomersQuery(parameters), deadline.at);
  }

  private shown(customer: Customer, { principal }: AuditedRequest, reply: FastifyReply): Customer {
    void reply.headers({
      'Content-Location': `/api/v1/customers/${customer.id}`,
      ETag: this.tags.tagOf(principal.tenant.id, customer),
    });
    return customer;
  }
}
