import { Controller, Param, Patch, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentRequest } from '../audit/current-request.js';
import type { AuditedRequest } from '../audit/audit-event.js';
import { RequireScopes } from '../auth/access-token.guard.js';
import { Customer } from '../billing/customer.dto.js';
import { ApiProblems, CALLER_PROBLEMS, ApiRequestHeaders, OPERATION_HEADERS } from '../http/api-docs.js';
import { CustomerRefPipe } from './customer-ref.pipe.js';
import { CustomersService } from './customers.service.js';
import { PatchCustomerDto } from './dto/patch-customer.dto.js';
import { PatchBody } from './patch-body.js';

@ApiTags('Customers')
@Controller('api/v1/customers')
export class CustomersController {
  constructor(private readonly customers: CustomersService) {}

  @Patch(':id_or_alias')
  @RequireScopes('customers:write')
  @ApiOperation({
    operationId: 'patchCustomer',
    summary: 'Patch a customer',
    description:
      'Updates the fields that the body names, and no other. The change is recorded before it is sent, and how ' +
      'it ended before you are answered. Addresses and lists are replaced as a whole, so this is no merge patch; ' +
      'null is refused.',
  })
  @ApiParam({
    name: 'id_or_alias',
    description: "The customer's id (`cus_…`) or alias, percent-encoded: 1 to 255 characters once decoded.",
    schema: { type: 'string', minLength: 1, maxLength: 255, example: 'cus_7n42DGM5Tflk9n8mt7Fhc7' },
  })
  @ApiBody({ type: PatchCustomerDto })
  @ApiRequestHeaders()
  @ApiOkResponse({
    description: 'The customer as it is now.',
    type: Customer,
    headers: {
      ...OPERATION_HEADERS,
      'Content-Location': {
        description: 'The customer by its id, which stays when the alias changes.',
        schema: { type: 'string' },
      },
    },
  })
  @ApiProblems(
    ...CALLER_PROBLEMS,
    'malformed-json',
    'validation-failed',
    'rejected-by-billing',
    'customer-not-found',
    'conflict',
    'precondition-failed',
    'payload-too-large',
    'unsupported-media-type',
    'rate-limited-by-billing',
    'billing-credentials-rejected',
    'billing-unreachable',
    'billing-failed',
    'billing-timeout',
  )
  async patch(
    @CurrentRequest() request: AuditedRequest,
    @Param('id_or_alias', CustomerRefPipe) ref: string,
    @PatchBody() patch: PatchCustomerDto,
    @Req() { deadline }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Customer> {
    const { customer, operationId } = await this.customers.patch(request, ref, patch, deadline.at);
    void reply.headers({
      'X-Operation-Id': operationId,
      'Content-Location': `/api/v1/customers/${customer.id}`,
    });
    return customer;
  }
}
