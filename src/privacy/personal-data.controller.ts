import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { AuditedRequest } from '../audit/audit-event.js';
import { CurrentRequest } from '../audit/current-request.js';
import { CUSTOMER_ID } from '../audit/customer-id.js';
import { AlsoIfSuspended, RequireScopes } from '../auth/access-token.guard.js';
import { ALSO_IF_SUSPENDED_PROBLEMS, ApiRequestHeaders } from '../auth/caller.docs.js';
import { ApiProblems, REQUEST_ID_HEADER } from '../http/api-docs.js';
import { CustomerIdPipe } from './customer-id.pipe.js';
import { Erasure } from './erasure.js';

@ApiTags('Customers')
@Controller('api/v1/customers')
export class PersonalDataController {
  constructor(private readonly erasure: Erasure) {}

  @Delete(':cus_id/personal-data')
  @HttpCode(204)
  // The law does not wait until an operator ends the suspension.
  @AlsoIfSuspended()
  @RequireScopes('privacy:erase')
  @ApiOperation({
    operationId: 'erasePersonalData',
    summary: 'Erase the personal data of a customer',
    description:
      "Destroys the key that encrypts the customer's data in this service: the values behind the masks of the trail, " +
      'the answers stored for replays, and the snapshots of open operations. The masked trail and its proofs stay. ' +
      'Nothing is sent to the billing system. It also works for a suspended tenant.',
  })
  @ApiParam({ name: 'cus_id', schema: { type: 'string', pattern: CUSTOMER_ID.source } })
  @ApiRequestHeaders()
  @ApiNoContentResponse({
    description: 'The data are erased, or there were none.',
    headers: REQUEST_ID_HEADER,
  })
  @ApiProblems(...ALSO_IF_SUSPENDED_PROBLEMS, 'validation-failed')
  async erase(
    @CurrentRequest() request: AuditedRequest,
    @Param('cus_id', CustomerIdPipe) customerId: string,
  ): Promise<void> {
    await this.erasure.erase(request, customerId);
  }
}
