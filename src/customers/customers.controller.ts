import { Body, Controller, Get, Param, Patch, Query, Req, Res } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
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
import { CustomerRefPipe } from './customer-ref.pipe.js';
import { CustomersService } from './customers.service.js';
import * as docs from './customers.docs.js';
import { CustomersQuery, readCustomersQuery } from './dto/customers-query.dto.js';
import { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { EntityTags } from './entity-tags.js';
import { WRITE_SCOPES } from './field-scopes.js';
import { PatchBodyPipe } from './patch-body.pipe.js';
import { ApiPatchProblems } from './patch-problems.docs.js';
import { Conditions, type PatchConditions } from './patch-conditions.js';

/** The routes of customers. */
@ApiTags('Customers')
@Controller('api/v1/customers')
export class CustomersController {
  constructor(
    private readonly customers: CustomersService,
    private readonly tags: EntityTags,
  ) {}

  @Get()
  @RequireScopes('customers:read')
  @HasQueryParameters()
  @ApiOperation(docs.LIST)
  @ApiRequestHeaders()
  @ApiOkResponse({ description: 'One page of customers.', type: CustomerList, headers: REQUEST_ID_HEADER })
  @ApiProblems(...docs.LIST_PROBLEMS)
  list(
    @CurrentRequest() request: AuditedRequest,
    @Query() parameters: CustomersQuery,
    @Req() { deadline }: FastifyRequest,
  ): Promise<CustomerList> {
    return this.customers.list(request, readCustomersQuery(parameters), deadline.at);
  }

  @Patch(':id_or_alias')
  @RequireScopes(...WRITE_SCOPES)
  @HasQueryParameters()
  @ApiOperation(docs.PATCH)
  @ApiParam(docs.ID_OR_ALIAS)
  @ApiQuery(docs.DRY_RUN)
  @ApiHeader(docs.IDEMPOTENCY_KEY)
  @ApiHeader(docs.IF_MATCH)
  @ApiRequestHeaders()
  @ApiExtraModels(Customer, CustomerPreview)
  @ApiOkResponse({
    description: 'The customer after the patch; for a dry run, the preview.',
    content: {
      'application/json': {
        schema: { oneOf: [{ $ref: getSchemaPath(Customer) }, { $ref: getSchemaPath(CustomerPreview) }] },
      },
    },
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
  ): Promise<Customer | CustomerPreview> {
    const { customer, operationId, preview, replayed } = await this.customers.patch({
      ...{ audited: request, customerRef, fields: patch, deadline: deadline.at },
      ...conditions,
    });
    void reply.headers({ 'X-Operation-Id': operationId, ...(replayed === true ? REPLAYED : {}) });
    if (preview !== undefined) return preview;
    return this.shown(customer, request, reply);
  }

  @Get(':id_or_alias')
  @RequireScopes('customers:read')
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
    return this.shown(await this.customers.get(request, customerRef, deadline.at), request, reply);
  }

  private shown(customer: Customer, { principal }: AuditedRequest, reply: FastifyReply): Customer {
    void reply.headers({
      'Content-Location': `/api/v1/customers/${customer.id}`,
      ETag: this.tags.tagOf(principal.tenant.id, customer),
    });
    return customer;
  }
}
